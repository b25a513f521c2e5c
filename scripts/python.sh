#!/bin/sh
# Prints the path of a Python >= 3.12, or says plainly what to install.
cd "$(dirname "$0")/.." || exit 1
fits() { "$1" -c 'import sys, venv; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1; }
for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.14; do
  if command -v "$candidate" >/dev/null 2>&1 && fits "$candidate"; then
    command -v "$candidate"
    exit 0
  fi
done
if command -v uv >/dev/null 2>&1; then
  found=$(uv python find '>=3.12' 2>/dev/null || true)
  if [ -n "$found" ] && fits "$found"; then
    echo "$found"
    exit 0
  fi
fi
cat >&2 <<'EOF'
Mageferry needs Python 3.12 or newer with its venv module, and none was found
(looked for $PYTHON, python3, python3.13, python3.12, python3.14 and uv).
  Debian 13 / Ubuntu 24.04:  apt-get install python3 python3-venv
  pyenv:                     pyenv install 3.13
  uv:                        uv python install 3.13
  macOS with Homebrew:       brew install python@3.13
Then run make again, or name one yourself: make PYTHON=/path/to/python3.13 demo
EOF
exit 1
