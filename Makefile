# `make run` and `make test` need make and Python 3.11 or newer, nothing else. All paths are relative and every tool is
# called through .venv's Python, so that the folder may have a space in its name, be moved or be copied.

PYTHON := .venv/bin/python
UV := 0.9.9
# Named by the lock's checksum: a changed lock is installed, an unchanged one costs nothing.
INSTALLED := .venv/installed-$(shell cksum < requirements-dev.txt | cut -d ' ' -f 1)

# What Django wants to see before it is imported; nothing connects to it.
CHECKING := DEBUG=1 DATABASE_URL=postgresql://nobody@127.0.0.1:9/none
LOCK := -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

# A shell that says so, as those of containers do, would have every process compile Django anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test lint faults bench backup restore lock clean

run: $(INSTALLED)
	@exec $(PYTHON) -m simplero.launch --stop-with-parent

# One process more than there are processors: browsers and servers let theirs wait.
test: $(INSTALLED)
	@$(PYTHON) -m simplero.web.fonts var/assets
	$(PYTHON) -m pytest -n $$($(PYTHON) -c 'import os; print(min(8, os.cpu_count() + 1))') --dist=worksteal

lint: $(INSTALLED)
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) .venv/bin/lint-imports --no-logo
	$(CHECKING) $(PYTHON) -m mypy
	$(CHECKING) $(PYTHON) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

# Real processes, really killed. Four minutes; `make faults PROFILE=long` takes hours. FAULT_SEED= repeats a run,
# ONLY= names tests.
faults: $(INSTALLED)
	@FAULT_PROFILE=$(PROFILE) exec $(PYTHON) -m tests.faults $(if $(ONLY),-k "$(ONLY)")

# `make bench SIZE=--quick` is shorter, `SIZE=--large` has ten million entries.
bench: $(INSTALLED)
	@exec $(PYTHON) -m bench $(SIZE)

# Of the database of `make run`, which may go on meanwhile, or of the one that the environment names. TO= says which file.
backup: $(INSTALLED)
	@exec $(PYTHON) -m simplero.launch.backups backup $(if $(TO),"$(TO)")

# `make restore FROM=var/backups/….dump`, with FORCE=1 where there is data: that is set aside under another name.
restore: $(INSTALLED)
	@exec $(PYTHON) -m simplero.launch.backups restore "$(FROM)" $(if $(FORCE),--force)

# Keeps the pinned versions that still fit pyproject.toml; `make lock UPGRADE=--upgrade` takes the newest.
lock: $(INSTALLED)
	$(PYTHON) $(LOCK) $(UPGRADE) pyproject.toml --output-file requirements.txt
	$(PYTHON) $(LOCK) $(UPGRADE) --extra dev --constraint requirements.txt pyproject.toml --output-file requirements-dev.txt

# Leaves var/, where the data of `make run` is.
clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED):
	@if ! mkdir -p .venv 2>/dev/null || ! [ -w .venv ]; then \
	  echo "Cannot write to $$PWD, where .venv and the data belong: copy it to where you may write." >&2; exit 1; \
	fi
	@if ! $(PYTHON) -m pip --version >/dev/null 2>&1; then \
	  found=; \
	  for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	    found=$$("$$name" -c 'import sys; print(sys.executable if sys.version_info >= (3, 11) else "")' 2>/dev/null) || found=; \
	    if [ -n "$$found" ]; then break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    rmdir .venv; \
	    echo "There is no Python 3.11 or newer here: install one (it may be called python3, python3.14 … python3.11)." >&2; exit 1; \
	  fi; \
	  echo "Making .venv with $$found"; \
	  if ! said=$$("$$found" -m venv --clear .venv 2>&1); then \
	    rm -rf .venv; \
	    echo "$$said" >&2; \
	    echo "$$found cannot make virtual environments here: on Debian and Ubuntu install python3-venv, elsewhere see what it said above." >&2; exit 1; \
	  fi; \
	fi
	@echo "Installing the packages of requirements-dev.txt"
	@if $(PYTHON) -m pip install --quiet --disable-pip-version-check uv==$(UV) \
	  && $(PYTHON) -m uv pip install --quiet --python $(PYTHON) --require-hashes -r requirements-dev.txt; then :; \
	else \
	  echo "uv could not install them, so pip does, which takes longer"; \
	  $(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt; \
	fi
	@rm -f .venv/installed-*
	@touch $@
