"""What can be wrong with what comes in, by what to do next. Failures of the wire are `HttpError`s of their own.

IncomingError
├ WrongSettings      the settings cannot work: fix them; `path` names the field
├ UnreadableAnswer   what came is not in the format that was agreed on: look at it, or fix the format
│ └ TooLarge           it goes beyond a limit (bytes, depth, items): ask for less, or raise the limit
├ NothingFound       the items pattern matches nothing: fix the pattern
├ PaginationError    there is no way to the next page: fix the pagination
│ ├ RepeatedPage       the same page, link or cursor came twice
│ ├ TooManyPages       more pages than allowed
│ └ ForeignHost        the next page is on another host: allow it, if it is meant
├ EntityError        one entity cannot be used, the others can: never raised while reading, but part of its page
│ ├ NoIdentifier       it has none
│ ├ NoDate             it has no date to go on from, or one that cannot be read
│ ├ SchemaMismatch     it is not what the schema says; `problems` names each place
│ └ TransformFailed    the input transformer failed on it
└ DeliveryRefused    a delivery to a webhook is not taken; `status` is what to answer
  ├ MethodRefused      another method than agreed
  ├ SecretWrong        the shared secret is missing or another one
  ├ SignatureMissing   there is no signature, or nothing that was to be signed along
  ├ SignatureWrong     the signature does not belong to the body
  ├ Untimely           it was signed too long ago, or in the future
  └ Replayed           the same delivery came before
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Self


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is wrong: page and line from 1, entity within its page from 1."""

    page: int | None = None
    entity: int | None = None
    line: int | None = None

    def __str__(self) -> str:
        named = (("page", self.page), ("entity", self.entity), ("line", self.line))
        return ", ".join(f"{name} {number}" for name, number in named if number is not None)


class IncomingError(Exception):
    """`message` says what is wrong and where, `remedy` how to mend it. Neither quotes values of the data."""

    def __init__(self, reason: str, *, remedy: str = "", place: Place | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.place = place or Place()

    @property
    def message(self) -> str:
        where = str(self.place)
        return f"{where[0].upper()}{where[1:]}: {self.reason}" if where else self.reason

    def __str__(self) -> str:
        return self.message

    def at(self, *, page: int | None = None, entity: int | None = None) -> Self:
        """The same error, knowing more of where it is."""
        found = self.place
        self.place = replace(
            found,
            page=found.page if found.page is not None else page,
            entity=found.entity if found.entity is not None else entity,
        )
        return self


class WrongSettings(IncomingError):
    """The settings cannot work; `path` names the field, `problem` is the reason without it."""

    def __init__(self, path: str, reason: str, *, remedy: str = "") -> None:
        super().__init__(f"{path}: {reason}", remedy=remedy)
        self.path = path
        self.problem = reason


class UnreadableAnswer(IncomingError):
    """What came is not in the format that was agreed on."""


class TooLarge(UnreadableAnswer):
    """What came goes beyond a limit."""


class NothingFound(IncomingError):
    """The items pattern matches nothing in what came."""


class PaginationError(IncomingError):
    """There is no way to the next page."""


class RepeatedPage(PaginationError):
    """The same page, link or cursor came twice: reading on would never end."""


class TooManyPages(PaginationError):
    """More pages than allowed."""


class ForeignHost(PaginationError):
    """The next page is on a host that may not be asked."""


class EntityError(IncomingError):
    """One entity cannot be used. `changed_at`: its date, and `identifier`: what it is called, when known. `data`: the
    item as it came, for keeping it; None when it couldn't be read at all."""

    changed_at: datetime | None = None
    identifier: str = ""
    data: Any = None
    # Which of a run's records it is about; 0 outside of one.
    number: int = 0


class NoIdentifier(EntityError):
    """The entity has nothing to tell it from others."""


class NoDate(EntityError):
    """The entity has no date to go on from, or one that cannot be read."""


class SchemaMismatch(EntityError):
    """The entity is not what the schema says. `problems` has a line for each place, such as `items[0].qty: ...`."""

    def __init__(self, problems: tuple[str, ...], *, remedy: str = "") -> None:
        shown = "; ".join(problems[:5]) + ("; ..." if len(problems) > 5 else "")
        super().__init__(f"The entity does not fit the schema: {shown}", remedy=remedy)
        self.problems = problems


class TransformFailed(EntityError):
    """The input transformer failed on the entity; `__cause__` is its own error."""


class DeliveryRefused(IncomingError):
    """A delivery is not taken. `status` is fit for the answer."""

    status: ClassVar[int] = 400


class MethodRefused(DeliveryRefused):
    """The delivery came with another method than agreed."""

    status = 405


class SecretWrong(DeliveryRefused):
    """The shared secret is missing, or another one."""

    status = 401


class SignatureMissing(DeliveryRefused):
    """There is no signature, or something that is signed along is missing."""

    status = 401


class SignatureWrong(DeliveryRefused):
    """The signature does not belong to the body."""

    status = 401


class Untimely(DeliveryRefused):
    """Signed too long ago, or in the future."""

    status = 401


class Replayed(DeliveryRefused):
    """The same delivery came before."""

    status = 409
