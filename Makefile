# The two commands of the README are `make quickstart` and `make test`; both set up .venv when it is not there.
PYTHON ?= python3
WORKERS ?= 3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: quickstart test test-all coverage lint docs bench bench-gpu clean

quickstart: $(VENV)/installed
	$(BIN)/frontrunner bench studies/quickstart.yaml

# A file at a time goes to each worker, so that what its tests share is made once; one thread each (tests/conftest.py).
# Three of them keep two cores busy, since many tests wait for processes that they have started.
test: $(VENV)/installed-dev
	$(BIN)/pytest -n $(WORKERS) --dist loadfile -m "not slow"

test-all: $(VENV)/installed-dev
	$(BIN)/pytest -n $(WORKERS) --dist loadfile

# A line a file that has lines no test of this process reaches, and build/coverage/html/index.html with all of them.
coverage: $(VENV)/installed-dev
	$(BIN)/pytest -m "not slow" --cov --cov-report=term --cov-report=html --cov-report=xml

# Into build/site; open build/site/index.html.
docs: $(VENV)/installed-dev
	$(BIN)/python scripts/build_docs.py

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python scripts/typecheck.py
	$(BIN)/python scripts/lint_javascript.py

bench: $(VENV)/installed-dev
	$(BIN)/python benchmarks/training_step.py
	$(BIN)/python benchmarks/epo_step.py
	$(BIN)/python benchmarks/minimum_norm.py
	$(BIN)/python benchmarks/router_seeds.py
	$(BIN)/python benchmarks/bench_overhead.py
	$(BIN)/python benchmarks/trial_overhead.py
	$(BIN)/python benchmarks/hypervolume.py
	$(BIN)/python benchmarks/interval_coverage.py
	$(BIN)/python benchmarks/leaderboard_size.py
	$(BIN)/python benchmarks/problem_memory.py
	$(BIN)/python benchmarks/image_cache.py
	$(BIN)/python benchmarks/full_size_step.py
	$(BIN)/python benchmarks/pwe_moe_memory.py
	$(BIN)/python benchmarks/front_evaluation.py --images 16

# For a machine with one GPU: nine minutes at most; the same command goes on where it was cut off. See docs/gpu.md.
GPU_OUTPUT ?= build/gpu
bench-gpu: $(VENV)/installed-dev
	$(BIN)/python benchmarks/gpu.py --output $(GPU_OUTPUT)

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache *.egg-info build

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Frontrunner needs Python 3.11 or newer, found " + sys.version.split()[0]) if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)

# Editable, so that what runs is what you edit; stamps, so that nothing is installed twice.
$(VENV)/installed: pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV); PyTorch is large, this takes some minutes the first time."
	$(BIN)/python -m pip install --quiet -e .
	touch $@

$(VENV)/installed-dev: pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV), test tools included; PyTorch is large, this takes some minutes the first time."
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	touch $@ $(VENV)/installed
