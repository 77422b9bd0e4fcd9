# make help lists what there is. Everything runs in .venv, from the exact versions of requirements.lock.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
.DEFAULT_GOAL := help
.PHONY: help install repro browser test check bench prune clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/installed ## make .venv and install the locked dependencies

.venv/installed: requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.exit(None if sys.version_info[:2] == (3, 11) else f"error: Python 3.11 is needed, {sys.executable} is {v}; make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	touch $@

repro: install ## run the whole pipeline of params.yaml (dvc repro) and print its metrics
	dvc repro
	dvc metrics show
	@echo "report: report/report.html"

browser: ## install Debian's Chromium, in which tests open the report (needs root; without it they are skipped)
	@command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null)

test: install ## the whole test suite
	OMP_NUM_THREADS=1 python -m pytest -n 2 --dist worksteal

check: install ## ruff, type checker, import contracts
	ruff check .
	ruff format --check .
	mypy
	lint-imports

bench: install ## benchmarks, as ratios against a floor or peer measured in the same run
	python -m benchmarks.extraction
	python -m benchmarks.embedding
	python -m benchmarks.training
	python -m benchmarks.embedding_methods
	python -m benchmarks.bootstrap
	python -m benchmarks.robustness
	python -m benchmarks.growth

prune: install ## forget cells that params.yaml no longer names; what is current comes back from DVC's cache
	rm -rf dvc.lock data/scores data/errors data/metrics data/splits data/weights models plots/train
	dvc repro

clean: ## remove what can be made again, but not the DVC cache
	rm -rf .scratch .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dvc_plots
