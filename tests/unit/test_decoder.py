"""Images are decoded in a separate process; a crash affects nothing else.

Rule: the failures are real, caused by a stand-in for the decoder; no test measures time.
"""

from __future__ import annotations

import io
import os
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from PIL import Image

from cabinet.services.thumbnails import decoder as decoders
from cabinet.services.thumbnails.decoder import Decoder
from cabinet.services.thumbnails.decoding import ADDRESS_SPACE, LONGEST_ANSWER
from cabinet.services.thumbnails.sizes import PREVIEW_SIZE
from tests.support.images import heic, opened, picture, png_of

MakeDecoder = Callable[..., Decoder]

# The stand-in for the decoder executes the content, which is Python.
OBEYING = """
from cabinet.services.thumbnails.decoding import serve

def make(stream, size):
    names = {"size": size}
    exec(stream.read(), names)
    return names.get("made")

serve(make)
"""


@pytest.fixture
def make_decoder() -> Iterator[MakeDecoder]:
    """Return a factory of decoders that run a script; they are closed after the test."""
    made: list[Decoder] = []

    def make(script: str = OBEYING, timeout: float = 60) -> Decoder:
        made.append(Decoder((sys.executable, "-I", "-c", script), timeout))
        return made[-1]

    yield make
    for decoder in made:
        decoder.close()


@pytest.fixture
def real() -> Iterator[Decoder]:
    decoder = Decoder(timeout=60)
    yield decoder
    decoder.close()


def obey(decoder: Decoder, command: str) -> bytes | None:
    return decoder.make(io.BytesIO(command.encode()), 64)


def test_one_process_decodes_several_images(real: Decoder) -> None:
    for kind, size in (("JPEG", 64), ("AVIF", 256), ("TIFF", 256), ("PNG", 64)):
        made = real.make(io.BytesIO(picture(kind, 400, 200)), size)

        assert made is not None
        assert (opened(made).format, opened(made).width) == ("WEBP", size)
    photograph = real.make(io.BytesIO(heic("display-p3")), 64)
    assert photograph is not None
    assert opened(photograph).getpixel((9, 9)) == pytest.approx((0, 173, 54), abs=4)


def test_a_preview_of_noise_fits_into_a_response(real: Decoder) -> None:
    noise = Image.frombytes("RGBA", (1700, 1700), random.Random(7).randbytes(1700 * 1700 * 4))
    written = io.BytesIO()
    noise.save(written, "PNG", compress_level=0)

    made = real.make(written, PREVIEW_SIZE)

    assert made is not None
    assert LONGEST_ANSWER / 4 < len(made) < LONGEST_ANSWER


@pytest.mark.long
@pytest.mark.parametrize(
    ("width", "height", "several_passes", "sizes"),
    [
        (8192, 5464, False, (64, 256, PREVIEW_SIZE)),
        (8192, 5464, True, (64, 256, PREVIEW_SIZE)),
        (12000, 9000, False, (64, 256, PREVIEW_SIZE)),
        (12000, 9000, True, (64, 256)),
    ],
)
def test_photographs_of_108_megapixels_stay_within_the_limits_of_the_process(
    real: Decoder, width: int, height: int, several_passes: bool, sizes: tuple[int, ...]
) -> None:
    content = io.BytesIO(picture("JPEG", width, height, progressive=several_passes))

    for size in sizes:
        made = real.make(content, size)
        assert made is not None
        assert opened(made).width == size


def test_after_an_invalid_image_the_next_one_is_decoded(real: Decoder) -> None:
    for harmful in (
        b"", b"<svg/>", picture("JPEG", 400, 200)[:-300], png_of(50_000, 50_000), heic("plain")[:-60]
    ):  # fmt: skip
        assert real.make(io.BytesIO(harmful), 64) is None
        assert real.make(io.BytesIO(picture()), 64) is not None


def test_a_file_that_is_too_large_is_not_read(real: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    content = picture()
    monkeypatch.setattr(decoders, "LONGEST", len(content) - 1)

    assert real.make(io.BytesIO(content), 64) is None


@pytest.mark.parametrize(
    "harm",
    [
        "import os; os.abort()",
        "import os; os.kill(os.getpid(), 9)",
        "raise SystemExit(0)",
        "raise ValueError",
        f"bytearray({ADDRESS_SPACE})",
        f"made = bytes({LONGEST_ANSWER + 1})",
    ],
    ids=["aborts", "is killed", "exits", "raises", "wants all memory", "answers too much"],
)
def test_a_crash_only_fails_its_own_image(make_decoder: MakeDecoder, harm: str) -> None:
    decoder = make_decoder()

    assert obey(decoder, harm) is None
    assert obey(decoder, "made = b'the next'") == b"the next"


def test_a_hanging_decoder_is_killed_with_its_children(make_decoder: MakeDecoder, tmp_path: Path) -> None:
    decoder = make_decoder(timeout=1)
    held = tmp_path / "fifo"
    os.mkfifo(held)
    # The other end is closed when the last process that holds it has ended.
    reading = os.open(held, os.O_RDONLY | os.O_NONBLOCK)

    waits = f"import os, time; os.open({str(held)!r}, os.O_WRONLY); os.fork(); time.sleep(10**6)"
    assert obey(decoder, waits) is None

    os.set_blocking(reading, True)
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_an_endless_loop_is_stopped_by_the_cpu_limit(make_decoder: MakeDecoder) -> None:
    a_second = "import resource\nfrom cabinet.services.thumbnails import decoding\n"
    a_second += "decoding.LIMITS[resource.RLIMIT_CPU] = 1\n"
    decoder = make_decoder(a_second + OBEYING)

    assert obey(decoder, "while True: pass") is None
    assert obey(decoder, "made = b'the next'") == b"the next"


def test_a_decoding_process_has_no_environment_descriptors_or_other_images(
    make_decoder: MakeDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CABINET_SECRET_KEY", "a secret of the server")
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    inherited = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(inherited, True)
    decoder = make_decoder()

    told = obey(
        decoder,
        "import os; links = {os.readlink(f'/proc/self/fd/{fd}') for fd in os.listdir('/proc/self/fd')"
        " if os.path.exists(f'/proc/self/fd/{fd}')}; made = repr((sorted(os.environ), sorted(links))).encode()",
    )
    os.close(inherited)

    assert told is not None
    names, links = cast("tuple[list[str], list[str]]", eval(told))  # noqa: S307 - of our own making
    assert set(names) <= {"MALLOC_ARENA_MAX", "LC_CTYPE"}
    pipes = [link for link in links if link.startswith("pipe:")]
    assert len(pipes) == 1
    assert set(links) - set(pipes) <= {"/dev/null", "/proc/self/fd"} | {
        link for link in links if link.startswith("/proc/")
    }


def test_a_decoding_process_is_killed_first_when_memory_runs_out(make_decoder: MakeDecoder) -> None:
    told = obey(make_decoder(), "made = open('/proc/self/oom_score_adj', 'rb').read()")

    assert told == b"1000\n"


def test_a_decoding_process_cannot_write_files(make_decoder: MakeDecoder, tmp_path: Path) -> None:
    file = tmp_path / "file"

    assert obey(make_decoder(), f"open({str(file)!r}, 'wb', 0).write(b'x'); made = b'written'") is None
    assert file.read_bytes() == b""


def test_a_process_that_does_not_start_raises_an_error(
    make_decoder: MakeDecoder,
) -> None:
    decoder = make_decoder("raise SystemExit(1)")

    for _ in range(2):
        with pytest.raises(OSError, match="did not start"):
            decoder.make(io.BytesIO(picture()), 64)


def test_a_read_error_does_not_affect_the_next_image(
    make_decoder: MakeDecoder,
) -> None:
    class Torn(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise OSError("the disk")

    decoder = make_decoder()

    with pytest.raises(OSError, match="the disk"):
        decoder.make(Torn(b"made = b'torn'"), 64)
    assert obey(decoder, "made = b'the next'") == b"the next"
