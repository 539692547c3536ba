# The project's commands. Each installs what it needs first (scripts/setup), then hands over to cargo.
.DEFAULT_GOAL := help
.PHONY: help demo test check web screens bench
MAKEFLAGS += --no-print-directory

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## two local clusters with the systems of the demo, its databases, and the console at http://127.0.0.1:7780
	@exec scripts/with demo cargo xtask demo

test: ## everything: format, lints, unit tests, control plane, browser part, browser tests
	@exec scripts/with test scripts/test

check: ## the quick loop: format, lints, unit tests
	@exec scripts/with check scripts/check

web: ## the browser part, into target/site
	@exec scripts/with build cargo xtask web

screens: ## pictures of every page, both sizes, both themes, into end2end/screens
	@exec scripts/with test scripts/screens

bench: ## the benchmarks of docs/performance.md
	@exec scripts/with test cargo xtask bench
