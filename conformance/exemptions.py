"""The written list of recordings that the sandbox does not imitate, each with the reason."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

LIST = Path(__file__).parent / "not_imitated.toml"


@dataclass(frozen=True, slots=True)
class Exemption:
    """``title`` is a pattern of ``group/name``; ``fields`` are the names of what is left out of a comparison, none
    for a recording that is not compared at all.
    """

    title: str
    reason: str
    fields: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Exemptions:
    entries: tuple[Exemption, ...] = ()

    def reason(self, title: str) -> str:
        """Why this recording is not imitated; empty when it must be equal."""
        whole = (entry for entry in self.entries if not entry.fields)
        return next((entry.reason for entry in whole if fnmatchcase(title, entry.title)), "")

    def fields(self, title: str) -> frozenset[str]:
        """The fields that may differ in this recording."""
        found = (entry.fields for entry in self.entries if fnmatchcase(title, entry.title))
        return frozenset().union(*found)


def read_exemptions(file: Path = LIST) -> Exemptions:
    """The list. Raises ValueError for an entry without a title or a reason."""
    entries = tomllib.loads(file.read_text(encoding="utf-8")).get("recording", [])
    for entry in entries:
        if not entry.get("title") or not entry.get("reason"):
            raise ValueError(f"{file}: every [[recording]] needs a title and a reason, not {entry}")
    return Exemptions(
        tuple(
            Exemption(entry["title"], entry["reason"], frozenset(entry.get("fields", ())))
            for entry in entries
        )
    )
