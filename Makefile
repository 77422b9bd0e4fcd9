# make help lists what there is. Everything runs in .venv, from the exact versions and digests of requirements/.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
PIP := .venv/bin/python -m pip install --quiet --disable-pip-version-check
# Nothing is asked of an index but what a lock names, and nothing is built with what is not in one.
LOCKED := $(PIP) --no-deps --no-build-isolation --require-hashes
# Index that torch alone is taken from; https://download.pytorch.org/whl/cpu saves gigabytes where there is no GPU.
TORCH_INDEX ?=
.DEFAULT_GOAL := help
.PHONY: help install repro browser test slow check docs bench supply prune clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/installed ## make .venv: the locked dependencies, and the command clipforensics

.venv/installed: requirements/build.lock requirements/score.lock requirements/pipeline.lock requirements/test.lock requirements/torch.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.exit(None if (3, 11) <= sys.version_info[:2] <= (3, 13) else f"error: Python 3.11, 3.12 or 3.13 is needed, {sys.executable} is {v}; make PYTHON=/path/to/python3.13")'
	$(PYTHON) -m venv .venv
	$(LOCKED) -r requirements/build.lock
	$(LOCKED) -r requirements/test.lock
	$(PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) -r requirements/torch.txt
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@

repro: install ## check params.yaml, mend what a kill left, run the pipeline (dvc repro), print its verdict
	clipforensics check --mend
	dvc repro
	clipforensics verdict

browser: ## install Debian's Chromium, in which tests open the report (needs root; without it they are skipped)
	@command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null)

.venv/peers: requirements/peers.lock .venv/installed
	$(LOCKED) -r requirements/peers.lock
	touch $@

test: install .venv/peers ## all tests but the slow ones, beside the libraries that they hold the code against
	OMP_NUM_THREADS=1 python -m pytest -n 2 --dist worksteal -m "not slow and not slow_mutants and not slow_kills"

slow: install .venv/peers ## the slow tests: whole pipelines through DVC in temporary repositories, and simulations
	OMP_NUM_THREADS=1 python -m pytest -n 2 --dist worksteal -m "slow and not slow_mutants and not slow_kills"

docs: install ## build the docs (docs/_build/html/index.html); a link that leads nowhere stops it
	sphinx-build -q --fail-on-warning --keep-going docs docs/_build/html

check: install docs ## ruff, type checker, import contracts, and the docs without a dead link
	ruff check .
	ruff format --check .
	mypy
	lint-imports

bench: install ## benchmarks in one table, each beside a floor or peer measured in turn with it (minutes)
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} python -m benchmarks

.venv/supply: requirements/supply.lock requirements/build.lock .venv/installed
	$(PYTHON) -m venv .venv/supply
	.venv/supply/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/supply.lock
	touch $@

supply: .venv/supply ## known vulnerabilities of what is locked (asks PyPI), and the bill of materials of .venv: sbom.json
	.venv/supply/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o sbom.json .venv/bin/python
	.venv/supply/bin/pip-audit --strict --disable-pip --require-hashes -r requirements/build.lock -r requirements/test.lock -r requirements/peers.lock
	.venv/supply/bin/pip-audit --strict --disable-pip --no-deps -r requirements/torch.txt

prune: install ## forget cells that params.yaml no longer names; what is current comes back from DVC's cache
	rm -rf dvc.lock data/scores data/errors data/metrics data/splits data/weights models plots/train
	dvc repro
	@python -c 'import subprocess as s, yaml; old, new = s.run(["git", "show", "HEAD:dvc.lock"], capture_output=True, text=True).stdout, open("dvc.lock").read(); yaml.safe_load(old) == yaml.safe_load(new) and open("dvc.lock", "w").write(old)'

clean: ## remove what can be made again, but not the DVC cache
	rm -rf .scratch .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dvc_plots docs/_build docs/reference/api
