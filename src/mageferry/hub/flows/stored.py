"""What became of a page of records that a flow stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db import DataError, IntegrityError

from mageferry.hub.mapping.fields import MEND


@dataclass(slots=True)
class Stored[Record]:
    """Counts of records, and those that were refused, each with a reason and a remedy."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    refused: list[tuple[Record, str, str]] = field(default_factory=list)

    def add(self, more: Stored[Record]) -> None:
        """Count more in."""
        self.created += more.created
        self.updated += more.updated
        self.unchanged += more.unchanged
        self.skipped += more.skipped
        self.refused.extend(more.refused)


def store_what_fits[Record](
    records: Sequence[Record],
    store: Callable[[Sequence[Record]], Stored[Record]],
    name_of: Callable[[Record], str],
) -> Stored[Record]:
    """Store a page at once; when the database refuses it, record by record, so that only the odd one is refused.

    `name_of` gives a record's name for people, such as `order 000000012`.
    """
    whole: Stored[Record] = Stored()
    try:
        whole.add(store(records))
    except (IntegrityError, DataError):
        for record in records:
            try:
                whole.add(store([record]))
            except (IntegrityError, DataError) as error:
                whole.refused.append((record, *refused_by_database(name_of(record), error)))
    return whole


def refused_by_database(name: str, error: Exception) -> tuple[str, str]:
    """Reason and remedy of a record that the database doesn't take."""
    return f"{name[:1].upper()}{name[1:]} can't be stored: {str(error).splitlines()[0]}", MEND
