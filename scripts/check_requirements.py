"""Checks, without a network, that the locked requirements belong to pyproject.toml and name no index.

Every dependency of pyproject.toml (and of requirements/build.in) must be in the lock that installs it, in a
version its specifier allows; every locked package must carry SHA-256 hashes; both locks must agree; no line
may hold an address or an index option, so that each machine uses the index it is set up for.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
# Extras that an ordinary installation does without; they are locked for the tests.
TESTED_ONLY = frozenset({"traces"})
REMEDY = "Run `make lock` and commit what it wrote."

_INDEX_OPTION = re.compile(
    r"^\s*(-i|-f|--(index-url|extra-index-url|find-links|trusted-host))\b|://", re.MULTILINE
)
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock file: its exact version and how many hashes it carries."""

    name: str
    version: str
    hashes: int


def read_lock(text: str) -> Iterator[Pin]:
    """The pins of a requirements file as `uv pip compile --generate-hashes` writes it.

    Raises ValueError for a line that is not `name==version` with options.
    """
    without_comments = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in without_comments.replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        declared = line.split(" --hash=")[0].strip()
        try:
            requirement = Requirement(declared)
        except InvalidRequirement as error:
            raise ValueError(f"not a pinned requirement: {declared!r} ({error})") from error
        versions = [part.version for part in requirement.specifier if part.operator == "=="]
        if len(versions) != 1:
            raise ValueError(f"not pinned to one version: {declared!r}")
        yield Pin(canonicalize_name(requirement.name), versions[0], len(_HASH.findall(line)))


def find_lock_problems(name: str, text: str, wanted: Iterable[Requirement]) -> Iterator[str]:
    """What is wrong with one lock file, as sentences; nothing when it is in order."""
    if found := _INDEX_OPTION.search(text):
        named = found.group().strip()
        yield f"{name}: names an index or an address ({named!r}); a lock must work with any index"
    try:
        pins = list(read_lock(text))
    except ValueError as error:
        yield f"{name}: {error}"
        return
    for pin in pins:
        if not pin.hashes:
            yield f"{name}: {pin.name} {pin.version} carries no sha256 hash"
    for requirement in wanted:
        locked = [pin.version for pin in pins if pin.name == canonicalize_name(requirement.name)]
        if not locked:
            yield f"{name}: {requirement.name} of pyproject.toml is missing"
        for version in locked:
            if not requirement.specifier.contains(version, prereleases=True):
                yield (
                    f"{name}: {requirement.name} {version} is locked, "
                    f"pyproject.toml wants {requirement.specifier}"
                )


def find_differences(runtime: Iterable[Pin], development: Iterable[Pin]) -> Iterator[str]:
    """Packages of the runtime lock that the development lock leaves out or has in another version."""
    versions = {(pin.name, pin.version) for pin in development}
    for pin in runtime:
        if (pin.name, pin.version) not in versions:
            yield f"dev.txt: has not the {pin.name} {pin.version} of runtime.txt"


def read_wanted(
    pyproject: Mapping[str, object], build_in: str
) -> tuple[list[Requirement], list[Requirement]]:
    """What pyproject.toml asks of (runtime.txt, dev.txt): client, extras, build; the dev group, all extras."""
    project = _table(pyproject, "project")
    lines = _strings(project.get("dependencies", []))
    development: list[str] = []
    for name, extra in _table(project, "optional-dependencies").items():
        (development if name in TESTED_ONLY else lines).extend(_strings(extra))
    lines += _strings(_table(pyproject, "build-system").get("requires", []))
    lines += [line for line in build_in.split("\n") if line.strip() and not line.startswith("#")]
    development += _strings(_table(pyproject, "dependency-groups").get("dev", []))
    runtime = [Requirement(line) for line in lines]
    return runtime, runtime + [Requirement(line) for line in development]


def _table(parent: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = parent.get(key, {})
    if not isinstance(value, dict):
        raise TypeError(f"pyproject.toml: {key} must be a table")
    return value


def _strings(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"pyproject.toml: a list of requirements was expected, found {value!r}")
    return list(value)


def find_problems(root: Path) -> list[str]:
    """Everything wrong with the requirements of the checkout in `root`."""
    folder = root / "requirements"
    pyproject = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    for_runtime, for_development = read_wanted(pyproject, (folder / "build.in").read_text(encoding="utf-8"))
    runtime = (folder / "runtime.txt").read_text(encoding="utf-8")
    development = (folder / "dev.txt").read_text(encoding="utf-8")
    problems = [
        *find_lock_problems("runtime.txt", runtime, for_runtime),
        *find_lock_problems("dev.txt", development, for_development),
    ]
    if not problems:
        problems.extend(find_differences(read_lock(runtime), read_lock(development)))
    return problems


def main() -> int:
    problems = find_problems(ROOT)
    for problem in problems:
        print(f"requirements/{problem}")
    if problems:
        print(REMEDY)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
