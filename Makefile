# Suara. `make` alone lists what you can do; each target brings what it needs by itself.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check format coverage failures bench models schemas docs down clean

BIN := .venv/bin
# Folder with the public data sets that the text models learn from
DATA ?= ../shared/data
# More options for pytest: make test ARGS="tests/nlp -x"
ARGS ?=

say = @printf '==> %s\n'

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\nStart with: make demo   (SEED=7 makes another community, WEEKS= and POSTS= another size)\n'

setup: ## Bring the tools and the locked environment (PYTHON=python3.12 chooses one, EXTRA=folder adds torch)
	@scripts/setup

demo: setup ## Take a generated community from Kafka to its weekly reports, and grade the result
	@$(BIN)/suara demo $(if $(SEED),--seed $(SEED)) $(if $(WEEKS),--weeks $(WEEKS)) $(if $(POSTS),--posts $(POSTS))

test: setup ## Run all tests with real Kafka, PostgreSQL and Airflow (ARGS="tests/nlp -x" narrows it)
	$(say) "Testing. The first server starts within seconds; about 8 minutes in all on 2 cores"
	@$(BIN)/python -m pytest $(if $(ARGS),$(ARGS),--numprocesses 3 --dist loadfile --no-loadscope-reorder)

check: setup ## Format, lint, types, layers, lock, schemas, docs: all that needs no server
	$(say) "Format and lint"
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	$(say) "Types"
	@$(BIN)/mypy
	$(say) "Layers, schemas, lock and documentation"
	@$(BIN)/python -m pytest -q tests/house/test_layers.py tests/house/test_lock.py tests/house/test_docs.py
	$(say) "All checks hold. Next: make test"

format: setup ## Format the code and mend what lint can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

coverage: setup ## Run all tests and fail below the floor of branch coverage
	@$(BIN)/coverage run -m pytest $(ARGS)
	@$(BIN)/coverage report

failures: setup ## Kill, freeze and starve the real parts, and count what is lost: half an hour (SEED=7 repeats)
	@$(if $(SEED),SEED=$(SEED)) $(BIN)/python -m pytest -m failure $(ARGS)

bench: setup ## Measure every claim of speed and quality (benchmarks/)
	@$(BIN)/python -m benchmarks.sink $(ARGS)

models: setup ## Learn the text models again and write their card (DATA=folder of the public sets, OWN=1: all of them)
	@$(BIN)/python -m nlp.training --data "$(DATA)" --date "$$(date +%F)" $(if $(OWN),--own)

schemas: setup ## Write the JSON Schemas and the AsyncAPI document of the events again
	@$(BIN)/python -m streams.schemas

docs: setup ## Write the generated reference pages again
	@$(BIN)/python scripts/reference.py
	@$(BIN)/python -m tests.streams.poison

down: setup ## Stop the local Kafka, PostgreSQL and sink; data stay
	@$(BIN)/suara down

clean: ## Remove the environment, tools and caches; .suara (your data and reports) stays
	@if [ -x $(BIN)/suara ] && [ -d .suara/run ]; then $(BIN)/suara down; fi
	@rm -rf .venv .tools dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
