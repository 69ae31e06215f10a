"""Bytes on their way, up and down: which files, in which requests, how fast, and resumed where they
stopped.

`uploading.py` and `downloading.py` decide for a whole command. A file goes alone (`single.py`), with
others (`batches.py`), in parts (`resumable.py`, `pieces.py`) or from a pipe (`streams.py`); what comes
down ends in one of `sinks.py`.

Rule: a file is done only when both sides name the same content hash; what is unfinished never takes the
place of what is whole.
"""
