#!/bin/sh
# Writes the hash-locked requirements: exact versions and hashes, no index addresses.
# Needs uv on the PATH (or its path in UV). Run it after every change of dependencies in pyproject.toml.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-uv}
compile() {
  "$uv" pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
    --no-annotate --custom-compile-command "make lock" "$@"
}
compile --extra hub --output-file requirements/runtime.txt pyproject.toml requirements/build.in
compile --extra hub --extra traces --extra redis --group dev --constraint requirements/runtime.txt --output-file requirements/dev.txt pyproject.toml requirements/build.in
