# newswarc: `make demo` to see it work, `make test` to test it, `make check` for everything CI asks.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
ifeq ($(UV),)
UV := .uv/bin/uv
endif
PACKAGES := archive pipelines spiders crawler
# The tests of a module share what is dear to make: a server, a crawl
# Four processes on two processors: much of a test's time is waiting. tests/conftest.py puts them in order
PARALLEL := --numprocesses 4 --dist loadscope --no-loadscope-reorder --durations 40 --durations-min 5
SOURCES := $(PACKAGES) tests benchmarks

# Programs start in half the time when what they import is compiled once; images of build machines often forbid it
unexport PYTHONDONTWRITEBYTECODE

MODELS := .extraction-models
REPLAY := .venv-replay
CLIENTS := .venv-clients
CITATIONS := .venv-citations
PACKAGE_TOOLS := .venv-packages
DOCS := .venv-docs
GENERATORS := .venv-generators
API_TOOLS := .venv-api
NEWSPAPERS := .newspapers
NPM_WARCIO := 2.4.11
NPM_WARCIO_SHA256 := 144a55b7bf093071300123e581c42978912ea600cda252074f6ddecc3a3a6ce5
REPLAYWEBPAGE := 2.5.3
REPLAYWEBPAGE_SHA256 := b7d35c39c4da9b7121c5a393911d8675d4cc6f19513c380191e16b086bea812c

.PHONY: translations package-tools package-lock help setup quick quick-tests checked-sources checked-code checked-tests mutations man docs picture pictures docs-lock generators-lock spelling replay-tools replay-lock dataset-clients dataset-lock demo test check coverage format lint lock clean schema fuzz parsers real-pages extraction extraction-models extraction-memory same-records whole-job fetch memory archive replay long faults schedule dataset answers hostile browser browser-memory newspapers newspapers-lock foreign cc-news repeats realsite scale frontier engines search readers downloads api api-lock custody

help:
	@echo "make demo        crawl the bundled newspaper into ./newswarc-data"
	@echo "make test        run the tests"
	@echo "make quick       format, lint, types, import rules, the tests of archive, pipelines and spiders"
	@echo "make mutations   whether the tests notice twelve lines that are changed for the worse"
	@echo "make check       format, lint, types, import rules, tests"
	@echo "make coverage    the tests, and which lines they run"
	@echo "make docs        build the documentation into ./site, every link checked"
	@echo "make picture     draw docs/demo.svg, the terminal session that the README shows"
	@echo "make pictures    take the pictures of the web pages that the tutorials show (needs Debian's chromium)"
	@echo "make readers     twenty readers of the web pages over 10,000 made articles, report to docs/"
	@echo "make api         Schemathesis over the API of newswarc serve"
	@echo "make downloads   a million articles downloaded in each form, broken off and resumed; memory; report to docs/"
	@echo "make format      put the sources in order"
	@echo "make lock        pin the dependencies anew (requirements.lock); replay-lock, dataset-lock, package-lock: the tools of tests"
	@echo "make schema      write what is generated from the program: docs/schema, pages of docs/reference, packaging/man"
	@echo "make translations   bring the catalogues of the web pages up to date with their texts"
	@echo "make man         write packaging/man and packaging/completion from the program"
	@echo "make real-pages PAGES=DIR   crawl saved real pages served on loopback, report to docs/"
	@echo "make extraction PAGES=DIR   quality and cost of extraction beside other extractors, report to docs/"
	@echo "make extraction-models PAGES=DIR   train the block models and put them into the package"
	@echo "make extraction-memory PAGES=DIR   memory of a process over 20,000 pages, report to docs/"
	@echo "make same-records PAGES=DIR the same records from ten runs, some beside busy processes, report to docs/"
	@echo "make whole-job PAGES=DIR    a newspaper of saved pages, beside Scrapy and requests, report to docs/ (needs nginx)"
	@echo "make fetch PAGES=DIR        what a page costs, beside Scrapy and wget, report to docs/ (needs nginx)"
	@echo "make memory PAGES=DIR       memory over 50,000 pages and under large responses, report to docs/ (needs nginx)"
	@echo "make archive PAGES=DIR      writing, reading and verifying beside warcio and FastWARC, report to docs/"
	@echo "make replay PAGES=DIR       from the command to the first page, look-ups, packing WACZ, report to docs/"
	@echo "make long        tests that are more of the same"
	@echo "make faults      two hundred kills of a crawl at random moments, two thousand sites made at random, reports to docs/"
	@echo "make schedule    our rule of looking at sources beside others, simulated, report to docs/"
	@echo "make dataset     building a million rows: speed, memory, near copies found, report to docs/"
	@echo "make search      full-text search over a million made articles: speed, size, times, beside SQLite, report to docs/"
	@echo "make hostile     a crawl of sites that misbehave, beside Scrapy as it comes, report to docs/"
	@echo "make browser     hard pages in Chromium: exact or not, what gets out; what a page costs, reports to docs/ (needs chromium)"
	@echo "make browser-memory  memory over 300 pages in Chromium, report to docs/ (needs chromium)"
	@echo "make newspapers  build newspapers with SvelteKit and Next.js, crawl them and show them again, report to docs/ (needs npm, chromium)"
	@echo "make answers     what becomes a record where newspapers answer badly, an hour a run, report to docs/ (needs faketime)"
	@echo "make realsite    crawls of newspapers on WordPress, Pelican, Hugo, report to docs/ (needs Debian's wordpress, php, mariadb, hugo, nginx)"
	@echo "make foreign     extracting from a WARC file of 1 GiB: speed, kills, selections, report to docs/"
	@echo "make cc-news     extracting from 100 WARC files: speed, kills, what a month of CC-NEWS costs"
	@echo "make repeats     whether every response is told again from the archive alone, and what that costs"
	@echo "make scale       workers on two machines crawl 200 newspapers while things go wrong, report to docs/"
	@echo "make frontier    the frontier with ten million addresses, report to docs/"
	@echo "make custody     what the log of custody costs with 100,000 segments, report to docs/"
	@echo "make engines     bulk work on a Dask cluster beside processes, report to docs/"
	@echo "make fuzz        a million inputs for the response reader, report to docs/"
	@echo "make parsers     our response reader beside h11 and httptools, report to docs/"
	@echo "make clean       remove the environment and the caches"

.uv/bin/uv:
	@$(PYTHON) -m venv .uv
	@.uv/bin/python -m pip install --quiet uv

$(VENV)/.installed: requirements.lock pyproject.toml $(filter .uv/bin/uv,$(UV))
	@echo "setting up $(VENV) (pinned by requirements.lock)"
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) $(VENV)
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# Programs that the tests of replay and import run and nothing imports: pywb, wacz, warcit, ReplayWeb.page
$(REPLAY)/.installed: tests/replay/tools.lock $(filter .uv/bin/uv,$(UV))
	@echo "setting up $(REPLAY) (pinned by tests/replay/tools.lock)"
	@test -x $(REPLAY)/bin/python || $(UV) venv --quiet --python $(PYTHON) $(REPLAY)
	@$(UV) pip sync --quiet --python $(REPLAY)/bin/python --require-hashes tests/replay/tools.lock
	@touch $@

$(REPLAY)/replaywebpage/sw.js: $(REPLAY)/.installed
	@mkdir -p $(REPLAY)/replaywebpage
	@cd $(REPLAY) && npm pack --silent replaywebpage@$(REPLAYWEBPAGE) >/dev/null \
	    && echo "$(REPLAYWEBPAGE_SHA256)  replaywebpage-$(REPLAYWEBPAGE).tgz" | sha256sum --check --quiet \
	    && tar --extract --gzip --file replaywebpage-$(REPLAYWEBPAGE).tgz --directory replaywebpage \
	        --strip-components 1 --no-same-owner --touch package/ui.js package/sw.js

# What browser-based crawlers write WARC files with
$(REPLAY)/warcio/dist/index.all.js: $(REPLAY)/.installed
	@mkdir -p $(REPLAY)/warcio
	@cd $(REPLAY) && npm pack --silent warcio@$(NPM_WARCIO) >/dev/null \
	    && echo "$(NPM_WARCIO_SHA256)  warcio-$(NPM_WARCIO).tgz" | sha256sum --check --quiet \
	    && tar --extract --gzip --file warcio-$(NPM_WARCIO).tgz --directory warcio \
	        --strip-components 1 --no-same-owner --touch package/dist/index.all.js package/package.json

replay-tools: $(REPLAY)/.installed
	@$(MAKE) --no-print-directory $(REPLAY)/replaywebpage/sw.js $(REPLAY)/warcio/dist/index.all.js \
	    || echo "no ReplayWeb.page or no warcio of npm (they need npm): their tests will be skipped"

# Readers of data sets, which do not all resolve with ours
$(CLIENTS)/.installed: tests/datasets/clients.lock $(filter .uv/bin/uv,$(UV))
	@echo "setting up $(CLIENTS) (pinned by tests/datasets/clients.lock)"
	@test -x $(CLIENTS)/bin/python || $(UV) venv --quiet --python $(PYTHON) $(CLIENTS)
	@$(UV) pip sync --quiet --python $(CLIENTS)/bin/python --require-hashes tests/datasets/clients.lock
	@touch $@

# cffconvert, which does not resolve with these
$(CITATIONS)/.installed: tests/datasets/citation_tools.lock $(filter .uv/bin/uv,$(UV))
	@echo "setting up $(CITATIONS) (pinned by tests/datasets/citation_tools.lock)"
	@test -x $(CITATIONS)/bin/python || $(UV) venv --quiet --python $(PYTHON) $(CITATIONS)
	@$(UV) pip sync --quiet --python $(CITATIONS)/bin/python --require-hashes tests/datasets/citation_tools.lock
	@touch $@

dataset-clients: $(CLIENTS)/.installed $(CITATIONS)/.installed

dataset-lock: $(filter .uv/bin/uv,$(UV))
	$(UV) pip compile --quiet --generate-hashes --no-annotate --no-header --no-emit-index-url \
	    --python-version 3.11 tests/datasets/clients.in --output-file tests/datasets/clients.lock
	$(UV) pip compile --quiet --generate-hashes --no-annotate --no-header --no-emit-index-url \
	    --python-version 3.11 tests/datasets/citation_tools.in --output-file tests/datasets/citation_tools.lock

# What validates packages (BagIt, OCFL), and nothing of ours imports
$(PACKAGE_TOOLS)/.installed: tests/packages/tools.lock $(filter .uv/bin/uv,$(UV))
	@echo "setting up $(PACKAGE_TOOLS) (pinned by tests/packages/tools.lock)"
	@test -x $(PACKAGE_TOOLS)/bin/python || $(UV) venv --quiet --python $(PYTHON) $(PACKAGE_TOOLS)
	@$(UV) pip sync --quiet --python $(PACKAGE_TOOLS)/bin/python --require-hashes tests/packages/tools.lock
	@touch $@

package-tools: $(PACKAGE_TOOLS)/.installed

package-lock: $(filter .uv/bin/uv,$(UV))
	$(UV) pip compile --quiet --generate-hashes --no-annotate --no-header --no-emit-index-url \
	    --python-version 3.11 tests/packages/tools.in --output-file tests/packages/tools.lock

# The documentation's builder and the spelling checker, which nothing imports
$(DOCS)/.installed: docs/requirements.lock $(filter .uv/bin/uv,$(UV))
	@echo "setting up $(DOCS) (pinned by docs/requirements.lock)"
	@test -x $(DOCS)/bin/python || $(UV) venv --quiet --python $(PYTHON) $(DOCS)
	@$(UV) pip sync --quiet --python $(DOCS)/bin/python --require-hashes docs/requirements.lock
	@touch $@

# Without --quiet, which hides warnings from --strict too
docs: $(DOCS)/.installed
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict

spelling: $(DOCS)/.installed
	$(DOCS)/bin/codespell

docs-lock: $(filter .uv/bin/uv,$(UV))
	$(UV) pip compile --quiet --generate-hashes --no-annotate --no-header --no-emit-index-url \
	    --python-version 3.11 docs/requirements.in --output-file docs/requirements.lock

replay-lock: $(filter .uv/bin/uv,$(UV))
	$(UV) pip compile --quiet --generate-hashes --no-annotate --no-header --no-emit-index-url \
	    --python-version 3.11 tests/replay/tools.in --output-file tests/replay/tools.lock

setup: $(VENV)/.installed

demo: setup
	@$(BIN)/newswarc demo

test: setup replay-tools dataset-clients package-tools
	$(BIN)/pytest $(PARALLEL)

# The checks of sources beside the tests: one waits for the processor while the other waits for a program
check: setup replay-tools dataset-clients package-tools $(DOCS)/.installed
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target checked-sources checked-tests

checked-sources: checked-code docs spelling

checked-code: setup
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

checked-tests: setup
	$(BIN)/pytest $(PARALLEL)

quick: setup
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target checked-code quick-tests

quick-tests: setup
	$(BIN)/pytest --numprocesses 2 --dist worksteal tests/test_house.py tests/archive tests/pipelines tests/spiders

mutations: setup
	$(BIN)/python -m tests.mutations

# Following every line of every process takes as long again as a third of the tests
coverage: setup replay-tools dataset-clients package-tools
	@rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest $(PARALLEL)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

format: setup
	$(BIN)/ruff check --fix-only --quiet $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

lint: setup
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: $(filter .uv/bin/uv,$(UV))
	$(UV) lock --quiet
	$(UV) export --quiet --all-extras --no-emit-project --no-annotate --no-header --format requirements-txt --output-file requirements.lock
	$(UV) pip compile --quiet --extra scale --extra search --extra web --constraint requirements.lock --generate-hashes --no-annotate --no-header \
	    --no-emit-index-url --universal --python-version 3.11 pyproject.toml --output-file packaging/requirements.lock

translations: setup
	$(BIN)/pybabel -q extract --mapping crawler/web/locale/babel.cfg --no-location --omit-header --sort-output --output .translations.pot crawler/web
	for catalogue in crawler/web/locale/*.po; do \
	    $(BIN)/pybabel -q update --input-file .translations.pot --output-file $$catalogue --no-fuzzy-matching \
	        --ignore-obsolete --width 1000 --locale $$(basename $$catalogue .po) || exit 1; done
	rm .translations.pot

man: setup
	$(BIN)/python -m crawler.cli.manual packaging

schema: man
	$(BIN)/newswarc schema > docs/schema/article.schema.json
	$(BIN)/python -m crawler.cli.reference docs/reference

custody: setup
	TMPDIR=/dev/shm $(BIN)/python -m benchmarks.custody --segments 100000 --report docs/measurements/custody.md

# Schemathesis, which nothing imports
$(API_TOOLS)/.installed: tests/web/tools.lock $(filter .uv/bin/uv,$(UV))
	@echo "setting up $(API_TOOLS) (pinned by tests/web/tools.lock)"
	@test -x $(API_TOOLS)/bin/python || $(UV) venv --quiet --python $(PYTHON) $(API_TOOLS)
	@$(UV) pip sync --quiet --python $(API_TOOLS)/bin/python --require-hashes tests/web/tools.lock
	@touch $@

api-lock: $(filter .uv/bin/uv,$(UV))
	$(UV) pip compile --quiet --generate-hashes --no-annotate --no-header --no-emit-index-url \
	    --python-version 3.11 tests/web/tools.in --output-file tests/web/tools.lock

api: setup $(API_TOOLS)/.installed
	$(BIN)/python -m benchmarks.web_api $(API_TOOLS)/bin/schemathesis

downloads: setup
	$(BIN)/python -m benchmarks.web_downloads docs/measurements/web-downloads.md

readers: setup
	$(BIN)/python -m benchmarks.web_readers docs/measurements/web-pages.md

pictures: setup
	$(BIN)/python -m benchmarks.web_pictures docs/tutorials/images

picture: setup
	$(BIN)/python -m benchmarks.demo_picture docs/demo.svg

real-pages: setup
	@test -n "$(PAGES)" || { echo "say where the pages are: make real-pages PAGES=DIR"; exit 2; }
	$(BIN)/python -m benchmarks.real_pages "$(PAGES)" --report docs/measurements/real-pages.md

$(MODELS)/pages.txt: benchmarks/extraction/training.py
	@test -n "$(PAGES)" || { echo "say where the pages are: make $(MAKECMDGOALS) PAGES=DIR"; exit 2; }
	@test -x .venv-training/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv-training
	@$(UV) pip sync --quiet --python .venv-training/bin/python --require-hashes requirements.lock
	@$(UV) pip install --quiet --python .venv-training/bin/python -r benchmarks/extraction/requirements-training.txt
	.venv-training/bin/python -m benchmarks.extraction.training "$(PAGES)" $(MODELS) --folds

extraction-models: setup $(MODELS)/pages.txt
	cp $(MODELS)/pages.txt $(MODELS)/blocks-plain.json $(MODELS)/blocks-voted.json pipelines/extract/models/

extraction: setup $(MODELS)/pages.txt
	@test -x .venv-peers/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv-peers
	@$(UV) pip install --quiet --python .venv-peers/bin/python -r benchmarks/extraction/requirements-peers.txt
	$(BIN)/python -m benchmarks.extraction.run "$(PAGES)" $(MODELS) --peers .venv-peers/bin/python --report docs/measurements/extraction.md

extraction-memory: setup
	@test -n "$(PAGES)" || { echo "say where the pages are: make extraction-memory PAGES=DIR"; exit 2; }
	$(BIN)/python -m benchmarks.extraction.worker_memory "$(PAGES)" --report docs/measurements/extraction-memory.md

same-records: setup
	@test -n "$(PAGES)" || { echo "say where the pages are: make same-records PAGES=DIR"; exit 2; }
	$(BIN)/python -m benchmarks.extraction.same_records "$(PAGES)" --report docs/measurements/same-records.md

whole-job: setup
	$(BIN)/python -m benchmarks.whole_job.run $(PAGES) --report docs/measurements/whole-job.md

fetch: setup
	@test -n "$(PAGES)" || { echo "say where the pages are: make fetch PAGES=DIR"; exit 2; }
	$(BIN)/python -m benchmarks.fetch "$(PAGES)" --report docs/measurements/fetching.md

memory: setup
	@test -n "$(PAGES)" || { echo "say where the pages are: make memory PAGES=DIR"; exit 2; }
	$(BIN)/python -m benchmarks.memory "$(PAGES)" --report docs/measurements/memory.md

archive: setup
	@test -n "$(PAGES)" || { echo "say where the pages are: make archive PAGES=DIR"; exit 2; }
	$(BIN)/python -m benchmarks.archive "$(PAGES)" --report docs/measurements/archive.md

replay: setup replay-tools
	@test -n "$(PAGES)" || { echo "say where the pages are: make replay PAGES=DIR"; exit 2; }
	$(BIN)/python -m benchmarks.replay "$(PAGES)" --tools $(REPLAY) --report docs/measurements/replaying.md

long: setup replay-tools dataset-clients package-tools
	$(BIN)/pytest $(PARALLEL) -m long

faults: setup
	$(BIN)/python -m tests.faults.many --kills 200 --report docs/measurements/faults.md
	$(BIN)/python -m tests.generated.many --sites 2000 --report docs/measurements/generated-sites.md

schedule: setup
	$(BIN)/python -m benchmarks.schedule_sim --report docs/measurements/schedule.md

dataset: setup
	$(BIN)/python -m benchmarks.dataset --report docs/measurements/building-datasets.md

search: setup
	$(BIN)/python -m benchmarks.search --report docs/measurements/search.md

# BESIDE=DIR: another checkout, with its environment
answers: setup
	$(BIN)/python -m benchmarks.answers $(if $(BESIDE),--beside $(BESIDE)) --report docs/measurements/answers.md

cc-news: setup
	$(BIN)/python -m benchmarks.cc_news --report docs/measurements/cc-news.md

foreign: setup
	$(BIN)/python -m benchmarks.foreign --report docs/measurements/foreign.md

repeats: setup
	$(BIN)/python -m benchmarks.repeats --report docs/measurements/repeats.md

browser: setup
	@test -x .venv-peer-browser/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv-peer-browser
	@$(UV) pip install --quiet --python .venv-peer-browser/bin/python scrapy-playwright
	$(BIN)/python -m benchmarks.browser.hard --report docs/measurements/browser-hard.md
	$(BIN)/python -m benchmarks.browser.cost --peer "$(CURDIR)/.venv-peer-browser/bin/python" --report docs/measurements/browser-cost.md
	$(BIN)/python -m benchmarks.browser.kills --report docs/measurements/browser-kills.md

browser-memory: setup
	$(BIN)/python -m benchmarks.browser.long --report docs/measurements/browser-memory.md

# Newspapers made with SvelteKit and Next.js, which tests and measurements crawl: the frameworks come from npm
newspapers: setup
	@command -v npm >/dev/null || { echo "npm is not installed: no framework can be had (Debian: apt install npm)"; exit 1; }
	$(BIN)/python -m tests.browser.newspapers.build $(NEWSPAPERS)
	$(BIN)/python -m benchmarks.browser.newspapers --report docs/measurements/browser-newspapers.md

newspapers-lock:
	@for framework in sveltekit next; do \
	    (cd tests/browser/newspapers/$$framework && npm install --package-lock-only --omit-lockfile-registry-resolved \
	        --no-audit --no-fund) || exit 1; \
	done

hostile: setup
	$(BIN)/python -m benchmarks.hostile --report docs/measurements/hostile.md

# Pelican, which the crawls of made newspapers run and nothing imports
$(GENERATORS)/.installed: benchmarks/realsite/generators.lock $(filter .uv/bin/uv,$(UV))
	@echo "setting up $(GENERATORS) (pinned by benchmarks/realsite/generators.lock)"
	@test -x $(GENERATORS)/bin/python || $(UV) venv --quiet --python $(PYTHON) $(GENERATORS)
	@$(UV) pip sync --quiet --python $(GENERATORS)/bin/python --require-hashes benchmarks/realsite/generators.lock
	@touch $@

generators-lock: $(filter .uv/bin/uv,$(UV))
	$(UV) pip compile --quiet --generate-hashes --no-annotate --no-header --no-emit-index-url \
	    --python-version 3.11 benchmarks/realsite/generators.in --output-file benchmarks/realsite/generators.lock

realsite: setup $(GENERATORS)/.installed
	$(BIN)/python -m benchmarks.realsite.run --report docs/measurements/realsite.md
	$(BIN)/python -m benchmarks.realsite.operator_days --report docs/measurements/guarded-sites.md

scale: setup
	$(BIN)/python -m tests.scale.many --report docs/measurements/scale.md

frontier: setup
	$(BIN)/python -m benchmarks.frontier --report docs/measurements/frontier.md

engines: setup
	$(BIN)/python -m benchmarks.engines --report docs/measurements/engines.md

fuzz: setup
	$(BIN)/python -m benchmarks.fuzz.response_reader --inputs 1000000 --report docs/measurements/fuzzing.md

# The two well-kept parsers live in an environment of their own: the project does not depend on them
parsers: setup
	@test -x .venv-parsers/bin/python || $(UV) venv --quiet --python $(PYTHON) .venv-parsers
	@$(UV) pip install --quiet --python .venv-parsers/bin/python --editable . h11==0.16.0 httptools==0.9.0 pytest hypothesis cryptography
	.venv-parsers/bin/python -m benchmarks.parsers --report docs/measurements/parsers.md

clean:
	rm -rf $(VENV) .uv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
