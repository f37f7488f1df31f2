# Two commands do everything: `make figures` and `make test`. Both set up .venv and the data set first.
PYTHON ?= python3
PRESET ?= full
SET ?=
BIN := .venv/bin
export VAEHELPERS_BATCH := 1
# Recipes read what a person typed from the environment: pasted in, it could be a command.
override PRESET := $(value PRESET)
override SET := $(value SET)
export PRESET SET

.PHONY: figures test lint lab notebooks train site tools setup constraints clean help

# The stand-in pictures of PRESET=drawn need no data set, and so no network.
# SET="epochs=3 seed=7" sets parameters; a value may hold blanks: SET="seed=7 mail_csv=/tmp/my mails.csv".
figures: $(if $(filter drawn,$(PRESET)),.venv/done,setup)  ## execute the four notebooks into build/
	@$(BIN)/python -m vaehelpers run --preset "$$PRESET" --set "$$SET"

test: lint setup  ## lint, the package's tests, the notebooks' linter, and nbval over the notebooks
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --nbval-lax tests notebooks

lint: .venv/done  ## layout, lint, types, and the order of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports --no-logo

lab: .venv/done  ## read the notebooks, with sliders; data are fetched where that is possible
	$(BIN)/python -m vaehelpers lab

notebooks: setup  ## refresh the outputs stored in notebooks/
	$(BIN)/python -m vaehelpers run --in-place

train: setup  ## train both models from scratch (forty minutes each on two cores)
	$(BIN)/python -m vaehelpers train --z-dim 20 --epochs 80
	$(BIN)/python -m vaehelpers train --z-dim 2 --epochs 80

site: tools .venv/site setup  ## the notebooks as a static site in site/, from their stored outputs
	@$(BIN)/python docs/site/build.py

setup: .venv/done
	@$(BIN)/python -m vaehelpers data

# Everything that is installed has a hash in constraints.txt, uv first, and what builds the package as well.
# Bytecode, which uv leaves out: where Python may not write it, every kernel would compile all it imports.
.venv/done: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	sed -n '/^uv==/,/[^\\]$$/p' constraints.txt > .venv/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement .venv/uv.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode \
		--requirement constraints.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# Before gigabytes are fetched: are node and npm there?
tools:
	@$(if $(wildcard .venv/done),$(BIN)/python,$(PYTHON)) docs/site/tools.py

# What the site is built with comes only when it is asked for.
.venv/site: .venv/done docs/site/constraints.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode \
		--requirement docs/site/constraints.txt
	@touch $@

constraints:  ## pin the newest versions that fit pyproject.toml, with their hashes
	printf 'uv\nsetuptools\n' | $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.10 --no-header \
		--no-annotate --generate-hashes --extra notebooks --extra test --extra lint --output-file constraints.txt \
		pyproject.toml -
	sed -n 's/^site = \[\(.*\)\]/\1/p' pyproject.toml | tr -d '" ' | tr ',' '\n' | $(BIN)/uv pip compile --quiet \
		--upgrade --universal --python-version 3.11 --no-header --no-annotate --generate-hashes \
		--constraint constraints.txt --output-file docs/site/constraints.txt -

help:  ## what can be made
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/make \1\t\2/p' Makefile | expand -t 18

clean:  ## remove what make made, except the data set
	rm -rf .venv build site
