# What you can ask of this repository. Every target sets up what it needs first, and says so;
# when nothing has changed since, that takes no time. Needed beforehand: Python 3.11+, git, make.

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile

demo: setup ## run the whole product with sample data: four phones in a browser, no token
	@exec .venv/bin/python -m bot demo $(ARGS)

test: setup ## run all tests; make test ARGS="-k risk" runs some
	@.venv/bin/python -m pytest --numprocesses 3 --dist worksteal $(ARGS)

check: setup ## formatting, lint, types, and the direction of imports
	@.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/python -m mypy
	.venv/bin/lint-imports

soak: setup ## keep a busy clinic going while the bot is killed, and count what is left
	@.venv/bin/python -m tests.soak $(ARGS)

bench: setup ## run the benchmarks and print their table
	@.venv/bin/python -m tests.bench $(ARGS)

setup: .venv/.ready browser ## uv, the locked dependencies, Chromium and a font

clean: ## remove what the targets above made; your data and settings stay
	@rm -rf .venv .tools dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help demo test check soak bench setup browser clean

# ---- How set-up works ---------------------------------------------------------------------------

.ONESHELL:
.SHELLFLAGS := -euc
SHELL := /bin/sh
LOG := .tools/setup.log

# The project's own environment, with the Python that is here, whatever else is switched on.
export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS := never
unexport VIRTUAL_ENV

# Tests start the program dozens of times: compiling it and its libraries each time takes longer
# than most of them.
unexport PYTHONDONTWRITEBYTECODE

# uv, pip, Chromium and fontconfig keep caches at home. Without a home they get one of ours.
ifneq ($(shell test -d "$${HOME:-}" -a -w "$${HOME:-}" && echo writable),writable)
export HOME := $(CURDIR)/.tools/home
endif

# Looked for only when something is to be installed: the first that is new enough.
PYTHON = $(or $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; \
	done), $(error Slotwise needs Python 3.11 or newer, for example: apt-get install python3))

.venv/.ready: pyproject.toml uv.lock | .tools/uv
	@echo "Installing the locked dependencies into .venv"
	.tools/uv sync --locked --quiet --python $(PYTHON)
	touch $@

.tools/uv:
	@$(system_install)
	in_a_venv() { $(PYTHON) -m venv --clear .tools/venv && .tools/venv/bin/python -m pip install uv && bin=venv/bin; }
	in_a_folder() { $(PYTHON) -m pip install --target .tools/lib uv && bin=lib/bin; }
	mkdir -p .tools "$$HOME"
	if uv --version >/dev/null 2>&1; then
		ln -sf "$$(command -v uv)" $@
		exit
	fi
	echo "Installing uv into .tools"
	{ in_a_venv || in_a_folder || { system_install $(PYTHON)-venv && in_a_venv; }; } >>$(LOG) 2>&1 || {
		echo "uv could not be installed ($(LOG) says why). Try: apt-get install $(PYTHON)-venv" >&2
		exit 1
	}
	ln -sf "$$bin/uv" $@

# Pictures need a browser and a font; without them the program shows its figures as text. Playwright,
# which drives the browser in tests, needs libatomic. Ubuntu's chromium is but a pointer to a snap.
BROWSERS := chromium chromium-headless-shell google-chrome google-chrome-stable
FONTS := /usr/share/fonts /usr/local/share/fonts "$$HOME"/.fonts "$$HOME"/.local/share/fonts
browser: | .tools/uv
	@$(system_install)
	missing=
	test -n "$${BROWSER_PATH:-}" || which $(BROWSERS) 2>/dev/null | grep -q . || missing="chromium"
	find $(FONTS) -name '*.[ot]tf' 2>/dev/null | grep -q . || missing="$$missing fonts-dejavu-core"
	ls /usr/lib/*/libatomic.so.1 >/dev/null 2>&1 || missing="$$missing libatomic1"
	ls /usr/lib/*/libgomp.so.1 >/dev/null 2>&1 || missing="$$missing libgomp1"
	test -n "$$missing" || exit 0
	installable() { case $$missing in *chromium*) grep -qx 'ID=debian' /etc/os-release;; esac; }
	if installable; then
		echo "Installing for pictures and browser tests:" $$missing
		system_install $$missing >>$(LOG) 2>&1 && exit
	fi
	echo "Figures come as text and browser tests fail until you: apt-get install" $$missing \
		"(on Ubuntu, Google Chrome instead of chromium)" >&2

# system_install PACKAGE…: from the system's archive, where that takes no password.
define system_install
system_install() {
	as_root=
	if [ "$$(id -u)" != 0 ]; then as_root="sudo -n"; sudo -n true || return; fi
	archive() { $$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=60 "$$@"; }
	fetch() { archive install --no-install-recommends "$$@"; }
	fetch "$$@" || { archive update && fetch "$$@"; }
}
endef
