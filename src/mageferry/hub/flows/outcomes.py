"""What an error of a shop means for a unit of work."""

from __future__ import annotations

import random

from mageferry.hub.work import ledger
from mageferry.hub.work.ledger import Claim, Outcome
from mageferry.hub.work.models import Step
from mageferry.magento.errors import MagentoError, Rejected, Unclear

FIRST_WAIT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 1800.0


def wait_seconds(attempts: int, asked_seconds: float | None = None) -> float:
    """How long to wait before the next attempt: what the shop asked for, else doubling with jitter."""
    ceiling = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** max(0, attempts - 1))
    # Jitter only spreads load: nothing secret hangs on it.
    return max(asked_seconds or 0.0, ceiling * random.uniform(0.5, 1.0))


def outcome_of(error: MagentoError, held: Claim) -> Outcome:
    """Lasting refusals park the unit; an unclear write stays unclear; everything else is tried again later."""
    answer = error.raw.decode("utf-8", "replace")[:4000] if error.raw else ""
    if isinstance(error, Rejected):
        return ledger.failed(error.message, error.remedy, answer=answer, step=Step.INTENT)
    wait = wait_seconds(held.unit.attempts, error.wait_seconds)
    if isinstance(error, Unclear):
        return ledger.retry(error.message, wait, error.remedy, answer=answer, step=Step.UNCLEAR)
    return ledger.retry(error.message, wait, error.remedy, answer=answer)
