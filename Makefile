# Thin doors to Meson and the tools. `make demo` and `make test` also install what is missing.
BUILD ?= build
PREFIX ?= /usr/local

.PHONY: all demo test lint format san fuzz bench bench-check bench-profile install clean setup setup-test setup-peers

all: setup $(BUILD)/build.ninja
	ninja -C $(BUILD)

setup:
	@tools/setup

setup-test:
	@tools/setup test

setup-peers:
	@tools/setup peers

# The build files are made anew when a dependency that an earlier configuration missed has appeared since.
$(BUILD)/build.ninja: meson.build meson_options.txt
	meson setup $(BUILD) $(if $(wildcard $(BUILD)/build.ninja),--reconfigure) --prefix $(PREFIX)

demo: all
	$(BUILD)/src/tend demo

test: setup-test
	tools/test $(BUILD)

lint: setup-test
	python3 tools/lint.py
	tools/check_symbols.sh $(BUILD)

format: setup-test
	tools/format

san: setup-test
	tools/san

fuzz: setup-test
	tools/fuzz $(FUZZ_SECONDS)

bench: setup-peers
	bench/run

# Only the speed of `tend check`, beside DuckDB's scan and Evidently.
bench-check: setup-peers
	bench/run check

# Beside Evidently, NannyML, TFDV, whylogs and SciPy: an hour.
bench-profile: setup-peers
	bench/run profile calibration

install: all
	meson install -C $(BUILD)

clean:
	rm -rf $(BUILD) build-san build-fuzz
