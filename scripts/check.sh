#!/usr/bin/env bash
# What `make check` runs: everything that can be said about the code without running its tests.
# Stops at the first failure and says what to do about it.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${VENV:-.venv}/bin
[[ -x $bin/python ]] || { echo "No environment in ${VENV:-.venv}: run it as 'make check', which makes one." >&2; exit 1; }

# Django parts must neither read nor touch a real hub's data.
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
for name in $(compgen -e MAGEFERRY_ || true); do unset "$name"; done
export MAGEFERRY_HOME=$home DJANGO_SETTINGS_MODULE=mageferry.hub.settings

# step TITLE REMEDY COMMAND...
step() {
  local title=$1 remedy=$2
  shift 2
  printf '\n== %s\n' "$title"
  if ! "$@"; then
    printf '\nmake check stopped at: %s\n%s\n' "$title" "$remedy" >&2
    exit 1
  fi
}

# The hosts are written so that this file does not find itself.
no_registry_hosts() {
  local hosts='py[p]i\.org|python[h]osted\.org|npm[j]s\.(org|com)|deb[.]debian\.org|security[.]debian\.org|con[d]a\.anaconda\.org'
  local found=0
  git grep --untracked --exclude-standard -nIE "$hosts" -- . || found=$?
  # 1 means nothing was found; anything above means that git could not look.
  [[ $found -eq 1 ]]
}

step "format (ruff format)" "Run 'make format' and commit what it changed." "$bin/ruff" format --check --quiet .
step "lint (ruff check)" "Run 'make format', which mends what it can, then mend the rest by hand." "$bin/ruff" check --quiet .
step "types (mypy --strict)" "Mend the types named above; see CONTRIBUTING.md before you reach for an ignore." "$bin/mypy"
step "imports (import-linter)" "A room imports one it must not: move the code or ask for it through a parameter. The rooms are in CONTRIBUTING.md." \
  "$bin/lint-imports" --no-cache --no-logo
step "Django (check)" "Mend what Django names above." "$bin/python" -m django check --fail-level WARNING
step "migrations" "Models and migrations differ: run '$bin/python -m django makemigrations' with DJANGO_SETTINGS_MODULE=mageferry.hub.settings, read what it wrote and commit it." \
  "$bin/python" -m django makemigrations --check --dry-run
step "generated documentation" "Run 'make docs' and commit what it wrote." "$bin/python" scripts/generate_docs.py --check
step "requirements" "See the lines above." "$bin/python" scripts/check_requirements.py
step "no registry's host name" "Take the addresses above out: every machine uses the index that it is set up for." no_registry_hosts
printf '\nEverything checked is in order.\n'
