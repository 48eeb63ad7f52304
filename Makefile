# Two commands for a newcomer: `make demo` and `make test`. Both do all their set-up, and say what they are doing.

PYTHON ?= python3
VENV   := .venv
MODULE := target/release/libtracker.so
SUDO   := $(shell [ "$$(id -u)" = 0 ] || { sudo -n true 2>/dev/null && echo sudo; })
BENCH  = TRACKER_MODULE=$(abspath $(MODULE)) TRACKER_PYTHON=$(abspath $(VENV)/bin/python) \
	cargo bench --quiet --locked --bench rivals --
say    = printf '\n==> %s\n'

# $(call need,how to tell that it is there,Debian package): installs it by apt where that is allowed.
define need
@if ! { $(1); } >/dev/null 2>&1; then \
	if command -v apt-get >/dev/null && { [ "$$(id -u)" = 0 ] || [ -n "$(SUDO)" ]; }; then \
		$(say) "Installing $(2) with apt"; \
		$(SUDO) apt-get update -qq && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(2) >/dev/null; \
	else \
		echo "Missing: $(2). Install it and run make again (Debian, Ubuntu: sudo apt-get install $(2))." >&2; exit 1; \
	fi; \
fi
endef

.NOTPARALLEL:

.PHONY: help
help:
	@echo 'make demo          a shop with its tasks at http://127.0.0.1:8000 (DEMO_PORT=8001 make demo for another port)'
	@echo 'make test          every check and test of the module and the Django package'
	@echo 'make module        build $(MODULE)'
	@echo 'make test-rust     the Rust half of make test'
	@echo 'make test-python   the Python half of make test'
	@echo 'make test-servers  the tests of the module on Redis 8 and Valkey 8 too'
	@echo 'make test-python-matrix  the tests of the package on every version it supports'
	@echo 'make messages      take new texts into the catalogues of translations, and compile them'
	@echo 'make screenshots   take the pictures of the READMEs anew'
	@echo 'make bench         measure the project beside its rivals, some minutes (BENCH_ARGS="--json FILE")'
	@echo 'make bench-quick   see in seconds that the benchmark runs and all rivals agree'
	@echo 'make clean         remove what the targets above made'

.PHONY: demo
demo: redis-server module $(VENV)/installed
	@exec $(VENV)/bin/python python-client/demo/run.py --module $(MODULE)

.PHONY: test
test: test-rust test-python
	@$(say) 'All checks and tests passed'

.PHONY: test-rust
test-rust: redis-server module
	@$(say) 'Checking the Rust code (rustfmt, clippy)'
	@cargo fmt --check
	@cargo clippy --quiet --all-targets --locked -- --deny warnings
	@$(say) 'Testing the module: the model alone, then in redis-server'
	@cargo test --quiet --locked --lib
	@TRACKER_MODULE=$(abspath $(MODULE)) cargo test --locked --test module

.PHONY: test-python
test-python: redis-server chromium module $(VENV)/installed
	@$(say) 'Checking the Python code (ruff, mypy)'
	@$(VENV)/bin/ruff check python-client benches
	@$(VENV)/bin/ruff format --check python-client benches
	@cd python-client && ../$(VENV)/bin/mypy
	@$(say) 'Testing the Django package: with real workers, a real redis-server and a real browser'
	@cd python-client && TRACKER_MODULE=$(abspath $(MODULE)) ../$(VENV)/bin/pytest

.PHONY: test-servers
test-servers: redis-server module
	@.ci/servers target/servers
	@for server in redis-server target/servers/redis-8 target/servers/valkey-8; do \
		$(say) "Testing the module in $$server"; \
		REDIS_SERVER=$$(command -v $$server) TRACKER_MODULE=$(abspath $(MODULE)) \
			cargo test --quiet --locked --test module || exit 1; \
	done

.PHONY: test-python-matrix
test-python-matrix: redis-server chromium module $(VENV)/installed
	@$(say) 'Testing the Django package over the versions that it supports'
	@TRACKER_MODULE=$(abspath $(MODULE)) $(VENV)/bin/nox -f python-client/noxfile.py

LANGUAGES := de es fa fr

# With new texts in them the catalogues want a translator, then this once more.
.PHONY: messages
messages: gettext $(VENV)/installed
	@$(say) 'Taking new texts into the catalogues, and compiling them'
	@cd python-client/src/celery_task_tracker && \
		$(abspath $(VENV))/bin/django-admin makemessages $(LANGUAGES:%=--locale %) \
			--add-location file --no-wrap --no-obsolete && \
		$(abspath $(VENV))/bin/django-admin compilemessages --verbosity 0

# The last full run is kept where readers find it.
.PHONY: bench
bench: redis-server module $(VENV)/installed
	@$(say) 'Measuring the project beside its rivals'
	@$(BENCH) --markdown $(abspath benches/RESULTS.md) $(BENCH_ARGS)

.PHONY: bench-quick
bench-quick: redis-server module $(VENV)/installed
	@$(say) 'Running the benchmark on a small scale'
	@$(BENCH) --quick $(BENCH_ARGS)

.PHONY: screenshots
screenshots: redis-server chromium module $(VENV)/installed
	@$(say) 'Taking the pictures of the READMEs (a few minutes)'
	@$(VENV)/bin/python python-client/demo/screenshot.py --module $(MODULE)

# Cargo knows best what is out of date.
.PHONY: module
module: rust libclang
	@$(say) 'Building the module (the first time takes a few minutes)'
	@cargo build --release --locked

$(VENV)/installed: python-client/pyproject.toml | python
	@$(say) 'Setting up the virtual environment $(VENV)'
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --upgrade pip
	@$(VENV)/bin/pip install --quiet --editable python-client --group python-client/pyproject.toml:test
	@touch $@

.PHONY: rust python redis-server libclang chromium gettext
rust:
	@command -v cargo >/dev/null || { echo 'Missing: Rust. Install it from https://rustup.rs and run make again.' >&2; exit 1; }
	$(call need,command -v cc,gcc libc6-dev)

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
		{ echo 'Missing: Python 3.10 or later. Install it, or name it: make PYTHON=/path/to/python3.' >&2; exit 1; }
	$(call need,$(PYTHON) -c "import ensurepip",python3-venv)

redis-server:
	$(call need,command -v redis-server,redis-server)

# What generates the bindings to Redis looks for it in these places, where libclang-cpp is another library.
libclang:
	$(call need,[ -n "$$LIBCLANG_PATH" ] || ls /usr/lib/llvm*/lib/libclang*.so* /usr/lib/*/libclang*.so* /usr/lib*/libclang*.so* 2>/dev/null | grep -v libclang-cpp,libclang-dev)

chromium:
	$(call need,command -v chromium || command -v chromium-browser,chromium)

gettext:
	$(call need,command -v msgfmt,gettext)

.PHONY: clean
clean:
	rm -rf target $(VENV) python-client/demo/var
