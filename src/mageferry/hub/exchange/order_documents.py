"""What is told about an order under an id of its own, such as a shipment or a refund: each taken once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Model

from mageferry.hub.exchange.errors import REMEDY_OF_ORDER, RefusedEntity
from mageferry.hub.exchange.known_orders import note_told
from mageferry.hub.exchange.plans import EntityPlan, Kept, Outcome
from mageferry.hub.trade.models import Account, Order


@dataclass(frozen=True, slots=True)
class OrderDocument:
    """A document that was told: `name` is a word and its id, `told` its entry in the order's history.

    `check` finds what was taken before, or None; `enter` writes it and says whether it is new. Both raise one of
    `misfits` when it doesn't fit the order.
    """

    kind: str
    name: str
    told: str
    order: Order
    account: Account
    check: Callable[[], Model | None]
    enter: Callable[[], tuple[Model, bool]]
    misfits: tuple[type[ValueError], ...]

    def plan(self) -> EntityPlan:
        """Raises RefusedEntity when it doesn't fit its order."""
        known = self._fitting(self.check)
        foreseen = Outcome.CREATED if known is None else Outcome.UNCHANGED
        return EntityPlan(self.kind, self._subject, foreseen, self._store)

    @property
    def _subject(self) -> str:
        return f"{self.name} of order {self.order} of {self.account}"

    @transaction.atomic
    def _store(self) -> Kept:
        document, is_new = self._fitting(self.enter)
        if is_new:
            note_told(self.order, self.account, self.told, {self.kind: document.pk})
        return Kept(Outcome.CREATED if is_new else Outcome.UNCHANGED, self._subject, document.pk)

    def _fitting[Found](self, find: Callable[[], Found]) -> Found:
        try:
            return find()
        except self.misfits as problem:
            raise RefusedEntity(
                f"{self.name} doesn't fit order {self.order.marketplace_order_id}: {problem}", REMEDY_OF_ORDER
            ) from None
