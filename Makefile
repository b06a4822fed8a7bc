# From nothing but Python 3.11 or newer and make: `make demo`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
# Installed first, so that an environment may choose another build: make test TORCH=torch==2.6.0
TORCH ?= torch==2.13.0
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
REPORT := demo-report.html

.DEFAULT_GOAL := help
.PHONY: help demo test check measure new-check docs clean

help:
	@echo "make demo                     find the fault in examples/digits.py; write $(REPORT)"
	@echo "make test                     all tests, some 15 minutes on two cores"
	@echo "make check                    format, lint, types, generated pages"
	@echo "make docs                     write the generated pages, build the site build/site/index.html"
	@echo "make measure                  identity, faults, overhead, accuracy, questions; takes its time"
	@echo "make new-check NAME=my-fault  the two files of a new check"
	@echo "make clean                    remove what the above made"

$(VENV)/%.stamp: pyproject.toml
	@echo "Installing into $(VENV): some minutes, most of them for torch"
	$(PYTHON) -m venv $(VENV)
	$(PIP) $(TORCH)
	$(PIP) --editable '.[$*]'
	@touch $@

# The example is faulty: exit code 1, a finding, is what shall happen.
demo: $(VENV)/examples.stamp
	@code=0; $(BIN)/unstuck check --html $(REPORT) examples/digits.py || code=$$?; \
	if [ $$code -ne 1 ]; then echo "the demo ended with code $$code, not 1" >&2; exit 1; fi
	@echo "The report as a page: $(abspath $(REPORT))"

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n 2

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python docs/generate.py --check

docs: $(VENV)/dev.stamp
	$(BIN)/python docs/generate.py
	$(BIN)/python -m sphinx -W --keep-going -q -b html -d build/doctrees docs build/site
	@echo "The site: $(abspath build/site/index.html)"

measure: $(VENV)/dev.stamp
	$(BIN)/python benchmarks/identity.py --out benchmarks/results/identity.json
	$(BIN)/python benchmarks/faults.py --out benchmarks/results/faults.json
	$(BIN)/python benchmarks/overhead.py --out benchmarks/results/overhead.json
	$(BIN)/python benchmarks/accuracy.py --out benchmarks/results
	$(BIN)/python benchmarks/resume.py --out benchmarks/results/resume.json
	$(BIN)/python benchmarks/loading.py --minutes 10 --out benchmarks/results/loading.json
	$(BIN)/unstuck explain --prove --all --evidence src/unstuck/questions/evidence
	$(BIN)/python benchmarks/questions.py --out benchmarks/results/questions.json

new-check:
	@$(PYTHON) tools/new_check.py "$(NAME)"

clean:
	rm -rf $(VENV) $(REPORT) .unstuck .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	find src tests benchmarks docs tools -name __pycache__ -prune -exec rm -rf {} +
