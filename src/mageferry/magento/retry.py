"""Which calls to a shop are made again by themselves."""

from __future__ import annotations

from dataclasses import dataclass, field

from mageferry.http import Request, Response
from mageferry.http.plugins.retry import Backoff, Outcome, StandardRule, retry_after_seconds
from mageferry.magento.errors import MagentoError, Transient, error_for


@dataclass(frozen=True, slots=True)
class ShopRule:
    """Reads are asked again after 429, 502, 503, 504 and broken connections.

    Writes only when provably nothing happened: not sent, 429, maintenance, or while still signing in. What
    else becomes of a write is the caller's to settle.
    """

    backoff: Backoff = field(default_factory=Backoff)

    def __call__(self, request: Request, outcome: Outcome, attempt: int) -> float | None:
        if isinstance(outcome, MagentoError):
            worth = isinstance(outcome, Transient)
        elif isinstance(outcome, Response) and not request.may_repeat:
            worth = outcome.status in (429, 503) and isinstance(error_for(request, outcome), Transient)
        else:
            return StandardRule(backoff=self.backoff)(request, outcome, attempt)
        return self.backoff.wait_seconds(attempt, asked_seconds(outcome)) if worth else None


def asked_seconds(outcome: Outcome) -> float | None:
    """How long the shop wants us to wait."""
    if isinstance(outcome, MagentoError):
        return outcome.wait_seconds
    return retry_after_seconds(outcome) if isinstance(outcome, Response) else None
