# Two commands matter: `make run` and `make test`. `make` alone prints the list.
.DEFAULT_GOAL := help
.PHONY: help run notebook nightly mwaa exercises grade deploy destroy diff cost test test-full bench check format lock setup setup-dev up down clean

ROWS ?= 11154
SEED ?= 1
DATE ?= $(shell date -u +%F)
BIN := .venv/bin
# The first Python that answers as 3.11 or 3.12; any other is refused by the set-up itself, in one sentence.
PYTHON ?= $(shell for p in python3 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && echo $$p && break; done || true)
PYTHON := $(or $(PYTHON),python3)

help: ## Print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: setup ## Send every row from the database to the answers, on this laptop (ROWS=, SEED=)
	@$(BIN)/sandbox run --rows $(ROWS) --seed $(SEED)

notebook: setup ## Start the sandbox, and open JupyterLab at the first notebook (NO_BROWSER=1)
	@$(BIN)/sandbox up
	@eval "$$($(BIN)/sandbox env)" && JUPYTER_PREFER_ENV_PATH=1 exec $(BIN)/jupyter-lab --ip=127.0.0.1 \
		--ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb \
		$(if $(NO_BROWSER),--no-browser) $(if $(filter 0,$(shell id -u)),--allow-root)

nightly: setup ## Run the job notebooks for a date without a scheduler, as a line of cron does (DATE=)
	@$(BIN)/sandbox nightly --date $(DATE)

mwaa: setup ## Let Airflow run the job notebooks for a date on the Jobs API, and follow it (DATE=)
	@$(BIN)/sandbox mwaa --date $(DATE)

exercises: setup ## Make the students' notebooks from the solved ones; with SEED= a class's folder (ROWS=, OUT=)
	@$(BIN)/python -m classroom exercises $(if $(filter command environment,$(word 1,$(origin SEED))),--seed $(SEED) --rows $(ROWS)) $(if $(OUT),--out "$(OUT)")

grade: setup ## Run the students' notebooks, and write their points to a table (NOTEBOOKS=DIR, OUT=grades.csv)
	@$(BIN)/python -m classroom grade $(if $(NOTEBOOKS),"$(NOTEBOOKS)") $(if $(OUT),--out "$(OUT)")

deploy: setup ## Make or update a part of the course on your AWS account (PART=, or PART=all)
	@$(BIN)/python -m deployment deploy $(PART)

destroy: setup ## Remove a part from your AWS account, and look for what is left (PART=, or PART=all; YES=1)
	@$(BIN)/python -m deployment destroy $(PART) $(if $(YES),--yes)

diff: setup ## Show what deploying would change on your AWS account (PART=)
	@$(BIN)/python -m deployment diff $(PART)

cost: setup ## Show what the parts cost on AWS, by the hour and on a course day (PART=)
	@$(BIN)/python -m deployment cost $(PART)

test: setup-dev ## The gate: is every part correct? Real servers, their own ports and folder
	@$(BIN)/python -m pytest -m "not full"

test-full: setup-dev ## The gate, and every fault, many seeds, every dial
	@$(BIN)/python -m pytest

bench: setup-dev ## Print the figures, as ratios in one run
	@$(BIN)/python -m benchmarks

check: setup-dev ## Lint, format and type check
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

format: setup-dev ## Format the code and strip the notebooks
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format . && $(BIN)/nbstripout notebooks/*.ipynb notebooks/jobs/*.ipynb

lock: setup-dev ## Pin the requirements again, with hashes and without addresses
	@scripts/lock.sh

up: setup ## Start the sandbox
	@$(BIN)/sandbox up

down: setup ## Stop the sandbox; its data stays
	@$(BIN)/sandbox down

setup: ## Make the environment in .venv
	@$(PYTHON) scripts/bootstrap.py course

setup-dev: ## Make the environment in .venv, with what developers need
	@$(PYTHON) scripts/bootstrap.py course test

clean: ## Remove the sandbox with all its data and downloads, and the environments
	@[ ! -x $(BIN)/sandbox ] || $(BIN)/sandbox reset --all --yes
	@rm -rf .venv .venv-*
