"""The written list of recordings that the sandbox does not imitate, each with the reason."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

LIST = Path(__file__).parent / "not_imitated.toml"


@dataclass(frozen=True, slots=True)
class Exemptions:
    """Reasons by a pattern of the recording's title, ``group/name``."""

    reasons: tuple[tuple[str, str], ...] = ()

    def reason(self, title: str) -> str:
        """Why this recording is not imitated; empty when it must be equal."""
        return next((why for pattern, why in self.reasons if fnmatchcase(title, pattern)), "")


def read_exemptions(file: Path = LIST) -> Exemptions:
    """The list. Raises ValueError for an entry without a reason."""
    entries = tomllib.loads(file.read_text(encoding="utf-8")).get("recording", [])
    for entry in entries:
        if not entry.get("title") or not entry.get("reason"):
            raise ValueError(f"{file}: every [[recording]] needs a title and a reason, not {entry}")
    return Exemptions(tuple((entry["title"], entry["reason"]) for entry in entries))
