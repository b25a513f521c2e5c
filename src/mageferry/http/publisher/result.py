"""What became of publishing one entity."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mageferry.http.plugins.log import Exchange


class Outcome(StrEnum):
    """What is known, and so what to do next.

    DONE        it is there
    REFUSED     it is not there, and asking again in the same way would not change that: mend data or settings
    TRANSIENT   it is not there, or asking again does no harm: ask again later
    UNCLEAR     it may be there: look before asking again
    SKIPPED     by the rules of a chain nothing had to be done
    """

    DONE = "done"
    REFUSED = "refused"
    TRANSIENT = "transient"
    UNCLEAR = "unclear"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Published:
    """The outcome for one entity.

    `body`: the decoded answer (not masked, so it is not in the repr). `exchange`: the request as it went over the
    wire and its answer, fit to be shown; None when nothing was sent. `adopted`: an earlier attempt had made it.
    `wait_seconds`: what the server asks to wait.
    """

    outcome: Outcome
    message: str = ""
    remedy: str = ""
    remote_id: str | int | None = None
    status: int | None = None
    body: Any = field(default=None, repr=False)
    exchange: Exchange | None = None
    adopted: bool = False
    wait_seconds: float | None = None
