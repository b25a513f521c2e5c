#!/bin/sh
# Installs Debian packages by name; everything it prints goes to standard error.
# Usage: scripts/debian.sh PACKAGE...
set -eu
exec >&2
wanted="$*"
if ! command -v apt-get >/dev/null 2>&1; then
  echo "Needed here: $wanted. This system has no apt-get: install it with your system's own package manager and run again."
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "Needed here: $wanted. Installing it takes root's rights, so please run this once and then try again:"
  echo "  sudo apt-get update && sudo apt-get install --yes $wanted"
  exit 1
fi
echo "Installing Debian's $wanted (once) ..."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
# Tests that run side by side may both miss something; apt-get itself would turn the second one away.
if command -v flock >/dev/null 2>&1; then
  exec 9>"${TMPDIR:-/tmp}/mageferry-debian.lock"
  flock 9
fi
# The lists come first: a machine that never fetched them, or long ago, knows no installable version.
if ! { apt-get update && apt-get install --yes --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
  tail -n 20 "$log"
  echo "apt-get could not install $wanted; its last lines are above."
  exit 1
fi
