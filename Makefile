# Two commands on a fresh machine: make demo, make test. Each works alone; README.md has the same as plain pip commands.
PYTHON ?= python3
VENV_PYTHON := .venv/bin/python

.PHONY: demo gallery test lint format extension bench

demo:
	$(PYTHON) tools/environment.py
	$(VENV_PYTHON) -m backend demo --out demo

gallery:
	$(PYTHON) tools/environment.py
	$(VENV_PYTHON) -m backend gallery --out docs/gallery

test:
	$(PYTHON) tools/environment.py --blenders
	$(VENV_PYTHON) -m tools.run_tests

lint:
	$(PYTHON) tools/environment.py
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m pyright

format:
	$(VENV_PYTHON) -m ruff format .

extension:
	$(PYTHON) tools/environment.py
	$(VENV_PYTHON) tools/build_extension.py

bench:
	$(PYTHON) tools/environment.py
	for script in tests/bench/bench_*.py; do echo "== $$script"; $(VENV_PYTHON) $$script || exit 1; done
