# `make` lists the commands.
# HOST and PORT of `make demo` come from the environment; PYTHON is what .venv is made from. DATA of
# `make bench` is a folder of data sets: all rows are measured on them, else some on the embryo; so it
# is of `make bench-mapping`, which SETS and SEEDS narrow.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8050

BIN := .venv/bin
# Where it is set, as in many images, nothing would be compiled once and for all, and every start of
# a command would take seconds.
unexport PYTHONDONTWRITEBYTECODE
# Compiling every module takes longer than all the rest; those in use compile at their first import.
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet --no-compile
CODE := training atlas_app tests
# Each needs no argument and takes --json FILE.
SPEED := $(sort $(wildcard tests/benchmarks/bench_*.py))
# Hours, not minutes: whole fits of half a million and of a million spots.
SCALE := $(sort $(wildcard tests/benchmarks/scale/bench_*.py))
FITS := $(if $(DATA),--data '$(DATA)',--sets embryo --rows cheap,fit)

SEEDS ?= 0,1,2
SETS ?= $(if $(DATA),,embryo)
RIVALS := tests/benchmarks/rivals

.PHONY: help setup demo test lint bench bench-scale bench-mapping

help:
	@echo "make setup   make .venv and install everything at pinned versions"
	@echo "make demo    fit an atlas of the built-in embryo, serve it on HOST:PORT ($(HOST):$(PORT))"
	@echo "make test    run all tests"
	@echo "make lint    check style, formatting, types and the arrows between packages"
	@echo "make bench   measure speed and quality; figures go to bench-results/"
	@echo "make bench-scale   the same for half a million and a million spots: hours"
	@echo "make bench-mapping   imputation beside Tangram and gimVI, in an environment of their own;"
	@echo "                     on DATA=FOLDER, or the embryo; SETS=NAME,… SEEDS=0,1 narrow it"

setup: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	@echo "installing about 120 packages; this takes a minute or two"
	$(INSTALL) --constraint constraints.txt --editable '.[all]'
	@touch $@

.venv/installed-bench: .venv/installed
	$(INSTALL) --constraint constraints.txt --editable '.[all,bench]'
	@touch $@

demo: setup demo/embryo.atlas.zarr
	$(BIN)/atlas serve demo/embryo.atlas.zarr --host $(HOST) --port $(PORT)

# Renamed when whole, so that an interrupted simulation starts again.
demo/slices: | .venv/installed
	$(BIN)/atlas simulate demo/slices.part --preset embryo --seed 0
	mv demo/slices.part demo/slices

# The store appears when it is whole; --resume goes on with an interrupted fit.
demo/embryo.atlas.zarr: | demo/slices
	$(BIN)/atlas fit demo/slices --out $@ --resume \
	    --set atlas.title='Simulated embryo' \
	    --set atlas.summary="Twelve slices of a simulated embryo over six stages: organs appear, \
	grow, move and split. No animal is behind it; every programme is known beforehand, so that \
	what a fit finds can be checked against the truth." \
	    --set atlas.citation='Made by atlas simulate --preset embryo --seed 0 of inspire-atlas.' \
	    --set atlas.licence='BSD-3-Clause' \
	    --set atlas.organism='none (simulated, with mouse gene symbols)' \
	    --set atlas.assay='none (simulated counts)' \
	    --set atlas.coordinate_unit=um \
	    --set atlas.time_unit=days

# Two more than there are cores: tests wait for browsers, servers and commands.
WORKERS = $(shell $(PYTHON) -c 'import os; print(min(os.cpu_count() or 2, 6) + 2)')

test: setup
	.ci/compile & compiling=$$!; .ci/chromium && .ci/redis && .ci/node && wait $$compiling
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: setup
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed-bench demo/embryo.atlas.zarr
	.ci/chromium
	mkdir -p bench-results
	for script in $(SPEED); do \
	    name=$$(basename $$script .py); \
	    echo "$$script"; \
	    $(BIN)/python $$script --json bench-results/$${name#bench_}.json || exit 1; \
	done
	$(BIN)/atlas benchmark fit $(FITS) --out bench-results/fit

bench-scale: .venv/installed-bench
	mkdir -p bench-results
	for script in $(SCALE); do \
	    name=$$(basename $$script .py); \
	    echo "$$script"; \
	    $(BIN)/python $$script --json bench-results/$${name#bench_}.json || exit 1; \
	done

# What rivals need would bind the project's own versions, so they have an environment to themselves.
.venv-rivals/installed: $(RIVALS)/requirements.txt
	$(PYTHON) -m venv .venv-rivals
	@echo "installing Tangram and scvi-tools into .venv-rivals; this takes some minutes and 1.5 GB"
	.venv-rivals/bin/python -m pip install --disable-pip-version-check --quiet --no-compile \
	    --requirement $(RIVALS)/requirements.txt
	@touch $@

bench-mapping: .venv/installed .venv-rivals/installed
	mkdir -p bench-results
	$(BIN)/atlas benchmark mapping $(if $(DATA),--data '$(DATA)') --sets '$(SETS)' \
	    --seeds '$(SEEDS)' --units imputation --out bench-results/mapping \
	    --rivals $(RIVALS) --rivals-python .venv-rivals/bin/python
