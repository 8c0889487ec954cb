PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SAMPLE := sample-workspace
PORT ?= 8501

.PHONY: app test check bench reference clean

$(VENV)/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	touch $@

# The workbench on a sample catalog; the first call builds it, later ones keep it.
app: $(VENV)/installed
	$(BIN)/goldshelf sample $(SAMPLE)
	$(BIN)/goldshelf app -w $(SAMPLE) --port $(PORT)

test: $(VENV)/installed-dev
	$(BIN)/pytest -q -n auto --dist loadfile --no-loadscope-reorder

check: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Speed and memory beside other tools, at full size; an hour, and 10 GB of disk.
bench: $(VENV)/installed-dev
	$(BIN)/python benchmarks/load_mave.py
	$(BIN)/python benchmarks/near_duplicates.py
	$(BIN)/python benchmarks/agreement.py
	$(BIN)/python benchmarks/metrics.py
	$(BIN)/python benchmarks/resampling.py
	$(BIN)/python benchmarks/interval_coverage.py
	$(BIN)/python benchmarks/interval_grid.py
	$(BIN)/python benchmarks/label_models.py --kills 2
	$(BIN)/python benchmarks/results_pages.py
	$(BIN)/python benchmarks/splits.py
	$(BIN)/python benchmarks/balance.py
	$(BIN)/python benchmarks/brands.py
	$(BIN)/python benchmarks/whole_way.py

# The pages of docs/ that say what the code says; the tests fail where they differ.
reference: $(VENV)/installed
	$(BIN)/python tools/make_reference.py

clean:
	rm -rf $(VENV) $(SAMPLE) build *.egg-info
