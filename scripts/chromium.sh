#!/bin/sh
# Prints the path of a Chromium for the browser tests; installs Debian's package when there is none.
# An own one can be named: CHROMIUM=/path/to/chrome make test-e2e
set -eu
cd "$(dirname "$0")/.."
for candidate in "${CHROMIUM:-}" /usr/bin/chromium; do
  if [ -n "$candidate" ] && [ -x "$candidate" ]; then
    echo "$candidate"
    exit 0
  fi
done
if [ -n "${CHROMIUM:-}" ]; then
  echo "CHROMIUM is set to $CHROMIUM, and there is no program of that name." >&2
  exit 1
fi
scripts/debian.sh chromium
echo /usr/bin/chromium
