"""What is to be done with an entity, and what was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """What taking an entity over did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of an entity: `pk` is that of its row in the hub, `subject` names it in words."""

    outcome: Outcome
    subject: str
    pk: int


@dataclass(frozen=True, slots=True)
class EntityPlan:
    """An entity that was checked. `outcome` is what taking it over would do as things stand."""

    kind: str
    subject: str
    outcome: Outcome
    write: Callable[[], Kept] = field(repr=False)

    def apply(self) -> Kept:
        """Take it over, within the caller's transaction; what stands is looked at again, under a lock.

        Raises RefusedEntity when it no longer fits.
        """
        return self.write()
