PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: demo test lint types contract check bench soak primer primer-judge primer-report clean

demo: $(STAMP)
	$(BIN)/underpaint demo

test: $(STAMP)
	$(BIN)/python -m pytest

lint: $(STAMP)
	$(BIN)/ruff check src tests bench

types: $(STAMP)
	$(BIN)/mypy

contract: $(STAMP)
	$(BIN)/lint-imports

check: test lint types contract

bench: $(STAMP)
	$(BIN)/python -m bench

soak: $(STAMP)
	$(BIN)/python -m pytest -m soak

# SIZE=large makes a larger set, which is not committed; its weights have other shapes, so it has a folder of its own.
SIZE ?= small
LARGE := --config src/underpaint/primer/large.toml --work primer-work/large
PRIMER = $(if $(filter small,$(SIZE)),,$(if $(filter large,$(SIZE)),$(LARGE),$(error SIZE is small or large)))

primer: $(STAMP)
	$(BIN)/python -m underpaint.primer all $(PRIMER) $(if $(PRIMER),--workers $$(nproc) --parts src/underpaint/primer/large-parts.toml)

primer-judge: $(STAMP)
	$(BIN)/python -m underpaint.primer judge $(PRIMER)

primer-report: $(STAMP)
	$(BIN)/python -m underpaint.primer report $(PRIMER) $(if $(PRIMER),--primer primer-work/large/primer)

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Underpaint needs Python 3.11 or newer; set PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $(STAMP)
