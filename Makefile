# Start with `make demo` and `make test`. Both install what they need, and say what they do.

PYTHON ?= python3
VENV   := .venv
MODULE := $(or $(CARGO_TARGET_DIR),target)/release/libtracker.so
PYTHON_CODE := python-client benches packaging docs .ci
SUDO   := $(shell [ "$$(id -u)" = 0 ] || { sudo -n true 2>/dev/null && echo sudo; })
BENCH  = TRACKER_MODULE=$(abspath $(MODULE)) TRACKER_PYTHON=$(abspath $(VENV)/bin/python) \
	cargo bench --quiet --locked --bench rivals --
say    = printf '\n==> %s\n'

# What a target may need of the system: how to check for it, and the Debian package that has it.
has-cc           = command -v cc
has-gettext      = command -v msgfmt
has-redis-server = command -v redis-server
has-venv         = $(PYTHON) -c 'import ensurepip'
has-valgrind     = command -v valgrind
has-chromium     = command -v chromium || command -v chromium-browser
# bindgen looks for libclang in these places. libclang-cpp is another library.
has-libclang     = [ -n "$$LIBCLANG_PATH" ] || \
	ls /usr/lib/llvm*/lib/libclang*.so* /usr/lib/*/libclang*.so* /usr/lib*/libclang*.so* 2>/dev/null | grep -v libclang-cpp
package-cc           = gcc libc6-dev
package-gettext      = gettext
package-redis-server = redis-server
package-venv         = python3-venv
package-chromium     = chromium
package-valgrind     = valgrind
package-libclang     = libclang-dev

TO_BUILD := rust cc libclang
TO_SERVE := $(TO_BUILD) redis-server python venv
module fuzz:                                     NEEDS = $(TO_BUILD)
test-rust test-servers soak:                     NEEDS = $(TO_BUILD) redis-server
sanitize:                                        NEEDS = $(TO_BUILD) redis-server valgrind
lint-rust:                                       NEEDS = $(TO_BUILD)
lint format:                                     NEEDS = $(TO_BUILD) python venv
lint-python audit:                               NEEDS = python venv
demo docs bench bench-quick soak-celery:         NEEDS = $(TO_SERVE)
dist test-dist test-versions:                    NEEDS = $(TO_SERVE)
test test-python test-python-matrix screenshots: NEEDS = $(TO_SERVE) chromium
messages:                                        NEEDS = python venv gettext
$(VENV)/installed:                               NEEDS = python venv

.NOTPARALLEL:

.PHONY: help
help:
	@echo 'make demo          a demo shop at http://127.0.0.1:8000 (DEMO_PORT=8001 make demo for another port)'
	@echo 'make test          every check and test of the module and the Django package'
	@echo 'make module        build $(MODULE)'
	@echo 'make lint          the checks of make test without its tests'
	@echo 'make format        format the Rust and Python code'
	@echo 'make test-rust     the Rust half of make test'
	@echo 'make test-python   the Python half of make test'
	@echo 'make test-servers  the tests of the module on Redis 8, Valkey 8 and Valkey 9 too'
	@echo 'make soak          break servers under load and count what is lost (SOAK_MINUTES=60, SOAK_SEED, SOAK_SERVER)'
	@echo 'make soak-celery   the same with Celery and the Django package, workers and brokers (SOAK_BROKER=rabbitmq)'
	@echo 'make sanitize      run a part of the module'"'"'s tests in a server under valgrind, some minutes'
	@echo 'make fuzz          fuzz the rules and parsers that know no server (FUZZ_SECONDS=3600)'
	@echo 'make test-versions the tests of the package on the lowest and the highest versions, without slow ones'
	@echo 'make test-python-matrix  the tests of the package on every version it supports'
	@echo 'make audit         look for known vulnerabilities of what the package needs'
	@echo 'make docs          build the documentation site, in target/docs/'
	@echo 'make dist          build what a release consists of, in dist/'
	@echo 'make test-dist     the tests of what make dist built'
	@echo 'make messages      add new texts to the translations, and compile them'
	@echo 'make screenshots   take the screenshots of the READMEs again'
	@echo 'make bench         compare the project with its rivals, some minutes (BENCH_ARGS="--json FILE")'
	@echo 'make bench-quick   run the benchmark on a small scale, to see that all rivals agree'
	@echo 'make clean         remove what the targets above made'

.PHONY: demo
demo: system module $(VENV)/installed
	@exec $(VENV)/bin/python python-client/demo/run.py --module $(MODULE)

.PHONY: test
test: system test-rust test-python
	@$(say) 'All checks and tests passed'

# Checks without tests.
.PHONY: lint
lint: system lint-rust lint-python

.PHONY: lint-rust
lint-rust: system
	@$(say) 'Checking the Rust code (rustfmt, clippy)'
	@cargo fmt --check
	@cargo clippy --quiet --all-targets --locked -- --deny warnings

.PHONY: lint-python
lint-python: system $(VENV)/installed
	@$(say) 'Checking the Python code (ruff, mypy), and the spelling of everything (typos)'
	@$(VENV)/bin/ruff check $(PYTHON_CODE)
	@$(VENV)/bin/ruff format --check $(PYTHON_CODE)
	@cd python-client && ../$(VENV)/bin/mypy
	@$(VENV)/bin/typos
	@$(say) 'Checking the containers and the workflows'
	@$(VENV)/bin/hadolint packaging/Dockerfile
	@$(VENV)/bin/check-jsonschema --builtin-schema vendor.compose-spec packaging/compose.yaml
	@$(VENV)/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

.PHONY: format
format: system $(VENV)/installed
	@$(say) 'Formatting the Rust and Python code'
	@cargo fmt
	@$(VENV)/bin/ruff check --quiet --fix $(PYTHON_CODE)
	@$(VENV)/bin/ruff format --quiet $(PYTHON_CODE)

.PHONY: test-rust
test-rust: system module lint-rust
	@$(say) 'Testing the module: the model alone, then in redis-server'
	@cargo test --quiet --locked --lib
	@TRACKER_MODULE=$(abspath $(MODULE)) cargo test --locked --test module
	@$(say) 'Testing that nothing is lost when servers die (a short soak)'
	@TRACKER_MODULE=$(abspath $(MODULE)) cargo test --quiet --locked --test soak

.PHONY: test-python
test-python: system module lint-python
	@.ci/prometheus target/servers || { [ -z "$$CI" ] && $(say) 'Without Prometheus the test of the Grafana dashboard is skipped'; }
	@$(say) 'Testing the Django package: with real workers, a real redis-server and a real browser'
	@cd python-client && PYTHONDEVMODE=1 TRACKER_MODULE=$(abspath $(MODULE)) ../$(VENV)/bin/pytest \
		--numprocesses auto --maxprocesses 4 --dist loadfile $(PYTEST_ARGS)

.PHONY: test-servers
test-servers: system module
	@.ci/servers target/servers
	@for server in redis-server target/servers/*-[0-9]; do \
		$(say) "Testing the module in $$server"; \
		REDIS_SERVER=$$(command -v $$server) TRACKER_MODULE=$(abspath $(MODULE)) \
			cargo test --quiet --locked --test module || exit 1; \
	done

# SOAK_SEED=n repeats the random choices of a run; SOAK_SERVER=valkey-9 takes one of those that .ci/servers gets.
SOAK_MINUTES ?= 10
.PHONY: soak
soak: system module
	@$(say) 'Soaking the module for $(SOAK_MINUTES) minutes'
	@$(if $(SOAK_SERVER),.ci/servers target/servers)
	@SOAK_MINUTES=$(SOAK_MINUTES) TRACKER_MODULE=$(abspath $(MODULE)) \
		REDIS_SERVER=$(or $(SOAK_SERVER:%=$(abspath target/servers)/%),redis-server) \
		cargo test --quiet --locked --test soak

# SOAK_SEED=n repeats the random choices of a run; SOAK_BROKER=rabbitmq takes another broker than Redis.
.PHONY: soak-celery
soak-celery: system module $(VENV)/installed
	@$(say) 'Soaking the Django package for $(SOAK_MINUTES) minutes'
	@$(if $(filter rabbitmq,$(SOAK_BROKER)),.ci/rabbitmq target/servers)
	@cd python-client && SOAK_MINUTES=$(SOAK_MINUTES) TRACKER_MODULE=$(abspath $(MODULE)) PYTHONPATH=tests \
		DJANGO_SETTINGS_MODULE=soak.settings ../$(VENV)/bin/python -m soak

# Fails on reads and writes of memory that is freed, uninitialised or of nobody. Each test starts a server, which takes seconds
# under valgrind, so this runs a part of them, and a random stream of commands with a replica, an AOF and an RDB.
SANITIZED ?= damage:: del:: get:: hostile::a_ rows:: stats::
.PHONY: sanitize
sanitize: system module
	@$(say) 'Testing the module under valgrind'
	@VALGRIND_LOGS=$$(mktemp -d) && export VALGRIND_LOGS && \
		export REDIS_SERVER=$(abspath tests/valgrind/server) TRACKER_MODULE=$(abspath $(MODULE)) && \
		cargo test --quiet --locked --test module -- $(SANITIZED) && \
		SOAK_PART='random stream' cargo test --quiet --locked --test soak; \
		ended=$$?; ! cat "$$VALGRIND_LOGS"/*.log | grep '' >&2 && [ $$ended = 0 ]

FUZZ_SECONDS ?= 60
# Needs a nightly toolchain, and cargo-fuzz: `cargo install --locked cargo-fuzz`. What it learns stays in tests/fuzz/corpus.
.PHONY: fuzz
fuzz: system
	@for target in words transition terms json; do \
		$(say) "Fuzzing $$target for $(FUZZ_SECONDS) seconds"; \
		mkdir -p tests/fuzz/corpus/$$target; \
		cargo +nightly fuzz run --fuzz-dir tests/fuzz $$target tests/fuzz/corpus/$$target tests/fuzz/seeds/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=4096 -verbosity=0 -print_final_stats=1 || exit 1; \
	done

# Fails where Python 3.10 or 3.13 is missing.
.PHONY: test-versions
test-versions: system module $(VENV)/installed
	@$(say) 'Testing the Django package on the lowest and the highest versions that it supports, without slow tests'
	@TRACKER_MODULE=$(abspath $(MODULE)) $(VENV)/bin/nox -f python-client/noxfile.py --error-on-missing-interpreters \
		--session 'tests(lowest)' 'tests(highest)' -- -m 'not slow' --quiet --numprocesses 4 --dist loadfile $(PYTEST_ARGS)

.PHONY: test-python-matrix
test-python-matrix: system module $(VENV)/installed
	@$(say) 'Testing the Django package over the versions that it supports'
	@TRACKER_MODULE=$(abspath $(MODULE)) $(VENV)/bin/nox -f python-client/noxfile.py $(NOX_ARGS)

# AUDIT_ARGS=--strict fails where the list of vulnerabilities cannot be had.
.PHONY: audit
audit: $(VENV)/installed
	@$(say) 'Looking for known vulnerabilities of what the package needs (pip-audit)'
	@$(VENV)/bin/python .ci/audit.py $(AUDIT_ARGS)

# Fails on a warning. The reference is made from the sources and from a server with the module.
.PHONY: docs
docs: system module $(VENV)/installed
	@$(say) 'Building the documentation site'
	@NO_MKDOCS_2_WARNING=1 TRACKER_MODULE=$(abspath $(MODULE)) $(VENV)/bin/mkdocs build --quiet --config-file docs/mkdocs.yml

.PHONY: dist
dist: system $(VENV)/installed
	@$(say) 'Building what a release consists of (the first time takes a few minutes)'
	@$(VENV)/bin/python packaging/dist.py

.PHONY: test-dist
test-dist: dist
	@$(say) 'Testing what a release consists of'
	@cd python-client && TRACKER_DIST=$(abspath dist) ../$(VENV)/bin/pytest --no-cov tests/test_dist.py

LANGUAGES := de es fa fr

# Run this again after a translator has filled in the new texts.
.PHONY: messages
messages: system $(VENV)/installed
	@$(say) 'Adding new texts to the translations, and compiling them'
	@cd python-client/src/celery_task_tracker && \
		$(abspath $(VENV))/bin/django-admin makemessages $(LANGUAGES:%=--locale %) \
			--add-location file --no-wrap --no-obsolete && \
		$(abspath $(VENV))/bin/django-admin compilemessages --verbosity 0

# The results of the last full run are committed.
.PHONY: bench
bench: system module $(VENV)/installed
	@$(say) 'Measuring the project beside its rivals'
	@$(BENCH) --markdown $(abspath benches/RESULTS.md) $(BENCH_ARGS)

.PHONY: bench-quick
bench-quick: system module $(VENV)/installed
	@$(say) 'Running the benchmark on a small scale'
	@$(BENCH) --quick $(BENCH_ARGS)

.PHONY: screenshots
screenshots: system module $(VENV)/installed
	@$(say) 'Taking the screenshots of the READMEs (a few minutes)'
	@$(VENV)/bin/python python-client/demo/screenshot.py --module $(MODULE)

# Always runs: Cargo decides what to build.
.PHONY: module
module: system
	@$(say) 'Building the module (the first time takes a few minutes)'
	@cargo build --release --locked

$(VENV)/installed: python-client/pyproject.toml | system
	@$(say) 'Setting up the virtual environment $(VENV)'
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --upgrade pip
	@$(VENV)/bin/pip install --quiet --editable python-client --group python-client/pyproject.toml:test
	@touch $@

# Installs what is missing of NEEDS with apt, where that is allowed. Otherwise lists all of it, and fails.
.PHONY: system
system:
	@missing= ended=; \
	$(if $(filter rust,$(NEEDS)),command -v cargo >/dev/null || \
		{ echo 'Missing: Rust. Install it from https://rustup.rs and run make again.' >&2; ended=1; };) \
	$(if $(filter python,$(NEEDS)),$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
		{ echo 'Missing: Python 3.10 or later. Install it or name it: make PYTHON=/path/to/python3.' >&2; ended=1; };) \
	$(foreach need,$(filter-out rust python,$(NEEDS)), \
		{ $(has-$(need)); } >/dev/null 2>&1 || missing="$$missing $(package-$(need))";) \
	if [ -z "$$missing" ]; then \
		:; \
	elif command -v apt-get >/dev/null && { [ "$$(id -u)" = 0 ] || [ -n "$(SUDO)" ]; }; then \
		$(say) "Installing$$missing with apt"; \
		$(SUDO) apt-get update -qq && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null || ended=1; \
	else \
		echo "Missing:$$missing. Install what is missing and run make again (Debian, Ubuntu: sudo apt-get install$$missing)." >&2; ended=1; \
	fi; \
	[ -z "$$ended" ]

.PHONY: clean
clean:
	rm -rf target dist $(VENV) python-client/demo/var
