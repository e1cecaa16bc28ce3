# Thin: every target is one call of meson, ninja or a script of ours. Build trees are build*/.
PYTHON ?= python3
BENCH  ?=

.PHONY: build run check asan tsan fuzz bench man format lint install clean deps sfu

build: build/build.ninja
	ninja -C build

build/build.ninja:
	meson setup build

deps:
	tools/install-deps.sh

# Installs what is missing, builds, fetches the models, starts a conversation.
run:
	tools/run.sh

# Every test this machine can run; `make check` installs nothing.
check:
	$(PYTHON) tests/check.py

asan:
	$(PYTHON) tests/check.py asan

tsan:
	$(PYTHON) tests/check.py tsan

fuzz:
	$(PYTHON) tests/fuzz/run.py

# LiveKit's own server on loopback (built once, outside the tree), to try rooms with.
sfu:
	$(PYTHON) tests/live/livekit_server.py

bench:
	$(PYTHON) tests/bench/run.py $(BENCH)

# man/myna.1 follows the tables of commands and options; a test compares it.
man: build
	build/src/cli/myna __man > man/myna.1

format:
	git ls-files -z '*.c' '*.h' | xargs -0 clang-format -i

lint:
	$(PYTHON) tests/check.py includes format cppcheck

install: build
	meson install -C build --no-rebuild

clean:
	rm -rf build build-asan build-clang build-release build-fuzz build-tsan
