# The two commands: `make demo` and `make test`. Both make .venv on first use.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test lint types clean

.venv/.installed: pyproject.toml setup.py constraints.txt
	@echo "Installing into .venv (a few minutes the first time) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) torch
	@$(PIP) --editable .
	@touch $@

.venv/.tested: .venv/.installed
	@$(PIP) --editable '.[test]'
	@touch $@

demo: .venv/.installed
	@$(BIN)/gpt4video demo --output demo-output

test: .venv/.tested
	@$(BIN)/gpt4video models pull
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

lint: .venv/.tested
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

# The folders install as gpt4video.<folder>; mypy sees them so through links.
types: .venv/.tested
	@mkdir -p .typing/gpt4video
	@for top in agent tools memory policies; do ln -sfn ../../$$top .typing/gpt4video/$$top; done
	@MYPYPATH=.typing $(BIN)/mypy -p gpt4video

clean:
	rm -rf .venv .typing build dist *.egg-info demo-output runs
