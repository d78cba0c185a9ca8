# For people; the build itself is CMake's and Ninja's (CMakePresets.json). On a fresh Debian 12
# machine `make run` and `make test` do all the set-up themselves; `make help` lists the rest.
SHELL := /bin/bash
PREFIX ?= /usr/local
export SOTTO_MODELS ?= $(CURDIR)/models
# Half as many again as there are processors: many tests wait, for a timer, a browser, a second of sound.
CTEST := ctest --output-on-failure -j $(shell echo $$(( ($$(nproc) * 3 + 1) / 2 )))

.PHONY: help run build test screenshots asan tsan fuzz torture bench bench-voice bench-live bench-server attack \
	demo tidy docs install clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

run: ## set up, build, serve on 127.0.0.1:8080
	@./setup run
	@exec bin/sotto serve

build: ## set up and build bin/sotto
	@./setup run

test: ## set up, then every test, also under the sanitizers; ends with ctest's summary
	@./setup test
	@tools/build dev asan
	@$(CTEST) --test-dir build/test

asan: ## the tests under the address and undefined-behaviour sanitizers only
	@./setup test
	@tools/build asan
	@$(CTEST) --test-dir build/asan

tsan: ## the tests under the thread sanitizer
	@./setup test
	@tools/build tsan
	@$(CTEST) --test-dir build/tsan

fuzz: ## fuzz every parser for FUZZ_SECONDS (60) each, FUZZ_JOBS (1) at a time
	@./setup fuzz
	@tools/build fuzz
	@tools/fuzz_all build/fuzz

torture: ## kill -9 during writes, failing allocations and disks, the long runs
	@./setup test
	@tools/build dev
	@SOTTO_TORTURE=full $(CTEST) --test-dir build/dev -L torture

bench: ## measure beside peers (BENCH=name for one part); results in build/bench
	@./setup bench
	@tools/build dev
	@tools/bench_all $(BENCH)

bench-voice: ## speech recognition and the voice beside their peers (DATA=folder of clips with transcripts.tsv)
	@./setup bench
	@tools/build dev
	@python3 tests/bench/voice/run.py $(if $(DATA),--data $(DATA))
	@SOTTO_GOLDEN=all build/dev/test_whisper_models
	@python3 tests/bench/voice/nothing.py
	@python3 tests/bench/voice/languages.py
	@python3 tests/bench/speech/run.py

bench-live: ## a conversation by sound with the real server, at the pace of speech (DATA=folder of clips)
	@./setup bench
	@tools/build dev
	@$(CURDIR)/build/venv/bin/python tests/bench/voice/live.py --bin build/dev/bin/sotto --models models \
		--voices --both --speak --interrupt 10 $(if $(DATA),--data $(DATA))

screenshots: ## every screen of the page as pictures: light and dark, telephone to 4K (build/screenshots)
	@./setup test
	@tools/build dev
	@build/venv/bin/python tests/e2e/screenshots.py build/screenshots
bench-server: ## 11,000 WebSocket clients for ten minutes (SECONDS_OF=600), eight people, look-ups beside FastAPI
	@./setup test
	@tools/build dev
	@missed=0; export SOTTO_BIN=build/dev/bin/sotto; \
	build/venv/bin/python tests/load/server.py --seconds $(or $(SECONDS_OF),600) --judge || missed=1; \
	build/venv/bin/python tests/load/mixed.py --seconds $$(( $(or $(SECONDS_OF),600) / 10 + 10 )) --judge || missed=1; \
	if command -v wrk >/dev/null; then python3 tests/bench/net/lookup.py; \
	if command -v nginx >/dev/null && command -v h2o >/dev/null; then python3 tests/bench/net/small.py; fi; \
	else echo "look-ups beside FastAPI are left out: install the Debian package wrk"; fi; exit $$missed

attack: ## hostile clients of seventeen kinds for ten minutes beside good ones (SECONDS_OF=600, ADDRESSES=1 to 250)
	@./setup test
	@tools/build dev
	@SOTTO_BIN=build/dev/bin/sotto build/venv/bin/python tests/load/server.py --attack --seconds $(or $(SECONDS_OF),600) --addresses $(or $(ADDRESSES),1) \
	  --active 50 --idle 100 --rate 20 --pings 100 --judge

demo: ## the whole journey in a terminal, with the network taken away
	@./setup demo
	@demo/run.sh

tidy: ## clang-tidy over the source
	@./setup fuzz
	@tools/build dev
	@tools/run_clang_tidy.sh build/dev

docs: ## write docs/CLI.md and docs/CONFIG.md from the tables
	@tools/build dev
	@SOTTO_WRITE_DOCS=1 build/dev/test_docs

install: ## install the program under PREFIX (/usr/local); then `sotto models fetch` as yourself
	@test -x bin/sotto || ./setup run
	install -D -m 755 bin/sotto $(DESTDIR)$(PREFIX)/bin/sotto
	install -D -m 644 share/sotto.service $(DESTDIR)$(PREFIX)/lib/systemd/user/sotto.service
	install -D -m 644 README.md $(DESTDIR)$(PREFIX)/share/doc/sotto/README.md
	install -D -m 644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/sotto/copyright
	install -d $(DESTDIR)$(PREFIX)/share/doc/sotto
	install -m 644 docs/*.md $(DESTDIR)$(PREFIX)/share/doc/sotto/

clean: ## remove what was built; models and your documents stay
	rm -rf build bin
