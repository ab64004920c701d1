# Two commands on a fresh clone, with nothing but Python, pip and make:
#   make triage [EVIDENCE=path]   judge a server's evidence (default: a bundled, fictitious school district)
#   make test                     the tests
#   make demo-fleet               a made-up nation of 30,000 servers in build/fleet/fleet.db
#   make serve                    the pages, on this computer
# Where Python is told to keep no compiled modules, every start of the program would compile all of ours again.
export PYTHONDONTWRITEBYTECODE :=

PYTHON   ?= python3
VENV     := .venv
BIN      := $(VENV)/bin
EVIDENCE ?= build/example/evidence
OUT      ?= build/triage
NAME     ?=
ARGS     ?=

# The bundled example says whose server it pretends to be.
ifeq ($(EVIDENCE),build/example/evidence)
WHOSE := --organisation "Cedar Hollow Unified School District (made up)" --sector School
endif

# Windows keeps the programs of a virtual environment elsewhere.
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
PYTHON := py -3
endif

# Without STORE: your own. `make serve STORE=build/fleet/fleet.db` shows the made-up nation.
STORE    ?=

.PHONY: serve triage test test-long test-browser fuzz lint check bench clean example demo-fleet

triage: $(VENV)/.installed $(if $(filter build/example/evidence,$(EVIDENCE)),build/example/.made)
	@$(BIN)/exsweep triage "$(EVIDENCE)" --out "$(OUT)" $(if $(NAME),--name "$(NAME)") $(WHOSE) $(ARGS) || [ $$? -eq 1 ] || [ $$? -eq 3 ]
	@echo "Report: $(OUT)/report.html"

demo-fleet: $(VENV)/.installed
	@rm -rf build/fleet && mkdir -p build/fleet
	@$(BIN)/exsweep fleet --store build/fleet/fleet.db simulate --servers 30000 --seed 1 --truth build/fleet/truth.jsonl
	@$(BIN)/exsweep fleet --store build/fleet/fleet.db queue --limit 10
	@echo "Look at it: make serve STORE=build/fleet/fleet.db   or: exsweep fleet --store build/fleet/fleet.db clusters"

serve: $(VENV)/.installed
	@$(BIN)/exsweep serve $(if $(STORE),--store "$(STORE)") $(ARGS)

example: build/example/.made

build/example/.made: $(VENV)/.installed $(shell find tools/example tools/make_example.py -name '*.py' 2>/dev/null)
	@echo "Making the example: a fictitious school district's server ..."
	@rm -rf build/example && mkdir -p build/example
	@$(BIN)/python tools/make_example.py build/example/evidence build/example/truth.json
	@touch $@

test: $(VENV)/.tests build/example/.made
	$(BIN)/pytest -n auto -m "not long and not browser"

test-long: $(VENV)/.tests build/example/.made
	$(BIN)/pytest -m "long"

test-browser: $(VENV)/.tests build/example/.made
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt --group browser
	$(BIN)/pytest -m browser

# Three minutes over all parsers; SECONDS=3600 is for a night. Ten minutes over those of pages alone:
#   .venv/bin/python -m tests.fuzz.run jscript basic csharp reading encoded browsers pages --seconds 90
SECONDS ?= 12
fuzz: $(VENV)/.tests
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt --group fuzz
	$(BIN)/python -m tests.fuzz.run --seconds $(SECONDS)

lint: $(VENV)/.lint
	$(BIN)/ruff check src tests tools bench
	$(BIN)/ruff format --check src tests tools bench
	$(BIN)/mypy
	$(BIN)/lint-imports

check: $(VENV)/.installed
	$(BIN)/exsweep knowledge check

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --upgrade "pip>=25.1"
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml constraints.txt
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.tests: $(VENV)/.installed
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt --group test -e ".[archives,engines,images,postgres,sign-in]"
	@touch $@

$(VENV)/.lint: $(VENV)/.tests
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt --group lint --group browser
	@touch $@

clean:
	rm -rf build dist $(VENV)
