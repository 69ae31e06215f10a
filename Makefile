# Everything that a person does with this checkout. `make` lists it.
# Each target does its own set-up; python3 (3.11 or newer) and a package registry are enough.

PYTHON = python3
HOST   = 127.0.0.1
PORT   = 5000
TESTS  = 3
OUT    = build/gallery

VENV = .venv
BIN  = $(VENV)/bin
NODE = node_modules/.bin

PARALLEL = $(BIN)/pytest --numprocesses $(TESTS) --dist worksteal

# One process is enough for these, which end before the others.
POSTGRESQL = $(BIN)/pytest --quiet --database postgresql -m 'database and not development and not long and not repeated'

# uv resolves for every platform and every Python that pyproject.toml allows.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
       --no-strip-extras --no-annotate --no-header --no-emit-index-url --no-emit-find-links

export PIP_DISABLE_PIP_VERSION_CHECK = 1
# The tests start hundreds of processes, and pytest rewrites each test module for every worker.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL = help
.NOTPARALLEL:
.PHONY: help run serve setup test coverage test-long bench check check-scripts format lock screenshot gallery clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s%s\n", $$1, $$2 }' Makefile

run: $(VENV)/run ## start the server for one person to try: HOST=127.0.0.1 PORT=5000
	$(BIN)/flask run --host $(HOST) --port $(PORT)

serve: $(VENV)/run ## start the production server: HOST=127.0.0.1 PORT=5000
	$(BIN)/gunicorn --config python:cabinet.serving --bind $(HOST):$(PORT) 'cabinet:create_app()'

setup: $(VENV)/dev ## install what development needs into .venv

# Each process that tests would rewrite and compile all modules of a fresh clone; one does it, while mypy runs.
test: BESIDE = $(BIN)/pytest --collect-only --quiet --quiet >/dev/null;
test: check ## lint, types and every test but the long ones, on SQLite and PostgreSQL: TESTS=3 processes, and one
	bash .ci/install-parts test
	@log=$$(mktemp); \
	$(POSTGRESQL) >$$log 2>&1 & other=$$!; \
	$(PARALLEL); sqlite=$$?; \
	wait $$other; postgresql=$$?; \
	echo; echo "The same on PostgreSQL:"; cat $$log; rm $$log; \
	[ $$sqlite = 0 ] && [ $$postgresql = 0 ]

# Apart from `test`, because tracing every server and every filecli makes it a third longer.
coverage: $(VENV)/dev ## the tests on SQLite again, and which lines and branches they leave out
	bash .ci/install-parts test
	$(PARALLEL) --cov --cov-report term

test-long: $(VENV)/dev ## the tests that take minutes: kill loops, whole installations; then all on PostgreSQL
	bash .ci/install-parts test
	bash .ci/install-parts long
	$(BIN)/pytest -m 'long or development' --timeout 1800
	$(PARALLEL) --database postgresql -m '' --timeout 1800

bench: $(VENV)/dev ## measure against nginx and copyparty; prints a table: BASE=commit to compare with
	bash .ci/install-parts bench
	$(BIN)/python -m tests.bench $(if $(BASE),--base $(BASE))

# pip uses one core, and so does mypy: what needs neither runs beside them.
check: $(VENV)/made ## lint and types only, of Python, templates and scripts
	bash .ci/install-parts check
	@$(MAKE) --no-print-directory $(VENV)/dev & \
	$(MAKE) --no-print-directory check-scripts; scripts=$$?; wait $$! && exit $$scripts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy & \
	$(BESIDE) $(BIN)/djlint src/cabinet/templates --check --lint && \
	$(BIN)/python -m tests.support.rooms; \
	others=$$?; wait $$! && exit $$others

check-scripts: node_modules/made
	$(NODE)/biome check --error-on-warnings
	$(NODE)/tsc
	$(NODE)/tsc --project tests/frontend

format: $(VENV)/dev node_modules/made ## put everything into the form that `make check` wants
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/djlint src/cabinet/templates --reformat --quiet
	$(NODE)/biome check --write

lock: $(VENV)/dev ## take the newest versions of everything into the lock files
	$(LOCK) --upgrade --group build pyproject.toml --output-file requirements.lock
	$(LOCK) --upgrade --group dev --constraints requirements.lock pyproject.toml --output-file requirements-dev.lock
	bash .ci/install-parts check
	npm install --package-lock-only --save-dev --save-exact --ignore-scripts --no-audit --no-fund @biomejs/biome@latest @types/node@latest typescript@latest
	$(BIN)/python -m tests.support.npm_lock package-lock.json

screenshot: $(VENV)/dev ## take the picture of the files page that the README shows
	bash .ci/install-parts test
	$(BIN)/python -m tests.browser.screenshot

gallery: $(VENV)/dev ## take pictures of every page and state, on one page to look at: OUT=build/gallery
	bash .ci/install-parts gallery
	$(BIN)/python -m tests.gallery $(OUT)

clean: ## remove what the other targets made, but no data
	rm -rf $(VENV) node_modules build dist .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src tests migrations -name __pycache__ -type d -exec rm -rf {} +

# The four files below are stamps: each is newer than what it was made from.
$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Cabinet needs Python 3.11 or newer: make PYTHON=...")'
	@PYTHON=$(PYTHON) bash .ci/install-parts venv
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run: $(VENV)/made requirements.lock pyproject.toml
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Not compiled: most of the modules are never imported, and Python compiles the others when they are.
$(VENV)/dev: $(VENV)/made requirements-dev.lock pyproject.toml
	$(BIN)/pip install --quiet --no-compile --require-hashes --requirement requirements-dev.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# What checks the scripts; running Cabinet needs none of it.
node_modules/made: package-lock.json package.json .npmrc
	@bash .ci/install-parts check
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
