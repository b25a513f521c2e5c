"""Storing quantities that were read from a shop, as a difference: only rows that changed are written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import batched

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from mageferry.hub.flows.stored import Stored
from mageferry.hub.mapping.amounts import ZERO
from mageferry.hub.mapping.stock_in import StockRecord
from mageferry.hub.trade.models import Location, LocationQuantity, Product, sku_key

_EXAMPLES = 5
_AT_ONCE = 500


@dataclass(slots=True)
class Odd:
    """Records of one kind that a person should know of: how many, and a few examples."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, sku: str) -> None:
        self.count += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(sku)

    def __str__(self) -> str:
        more = ", ..." if self.count > len(self.examples) else ""
        return f"{self.count} ({', '.join(self.examples)}{more})"


class Shelf:
    """The quantities of one location, as one warehouse of one shop gives them.

    `origin` names that warehouse. Every quantity that a read confirms carries it, so that a product that is missing
    from a complete read is only emptied when its quantity came from there: what a person entered, or another
    warehouse gave, stays.
    """

    def __init__(self, location: Location, origin: str) -> None:
        self.location = location
        self.origin = origin
        self.unknown = Odd()
        self.ambiguous = Odd()
        self.doubled = Odd()
        self.oversold = Odd()
        self._seen: set[int] = set()

    def store(self, records: Sequence[StockRecord]) -> Stored[StockRecord]:
        """Store a page in one transaction."""
        stored: Stored[StockRecord] = Stored()
        wanted = self._match(records)
        stored.skipped = len(records) - len(wanted)
        self._seen.update(wanted)
        with transaction.atomic():
            known = {
                product_id: (quantity, origin)
                for product_id, quantity, origin in LocationQuantity.objects.filter(
                    location=self.location, product_id__in=list(wanted)
                ).values_list("product_id", "quantity", "origin")
            }
            changed = [
                LocationQuantity(
                    product_id=product_id, location=self.location, quantity=each.quantity, origin=self.origin
                )
                for product_id, each in wanted.items()
                if known.get(product_id) != (each.quantity, self.origin)
            ]
            # Another row of the same warehouse may be writing the same products.
            LocationQuantity.objects.bulk_create(
                changed,
                update_conflicts=True,
                unique_fields=["product", "location"],
                update_fields=["quantity", "origin", "updated_at"],
            )
        for row in changed:
            before = known.get(row.product_id)
            if before is None:
                stored.created += 1
            elif before[0] != row.quantity:
                stored.updated += 1
        stored.unchanged = len(wanted) - stored.created - stored.updated
        return stored

    def spare(self, sku: str) -> None:
        """A record that can't be read: its product keeps what it has."""
        key = sku_key(sku)
        self._seen.update(_products_with({sku}, {key}).values_list("pk", flat=True))

    def empty_unseen(self, began_at: dt.datetime) -> Odd:
        """After a complete read that began then: what came from this warehouse before and isn't there any more has 0
        now. What another row of the same warehouse wrote meanwhile stays."""
        gone = Odd()
        had = (
            LocationQuantity.objects.filter(
                location=self.location, origin=self.origin, updated_at__lt=began_at
            )
            .exclude(quantity=0)
            .order_by("pk")
            .values_list("pk", "product_id", "product__sku")
        )
        missing = []
        for pk, product_id, sku in had.iterator(chunk_size=2000):
            if product_id not in self._seen:
                missing.append(pk)
                gone.add(sku)
        for some in batched(missing, _AT_ONCE):
            # Looked at once more: a person, or that other row, may have written one just now.
            LocationQuantity.objects.filter(pk__in=some, origin=self.origin, updated_at__lt=began_at).update(
                quantity=ZERO, updated_at=timezone.now()
            )
        return gone

    def _match(self, records: Sequence[StockRecord]) -> dict[int, StockRecord]:
        """The hub's products that the records are about; the others are counted."""
        exact: dict[str, int] = {}
        by_key: dict[str, list[int]] = {}
        found = _products_with({each.sku for each in records}, {each.key for each in records})
        for pk, sku in found.values_list("pk", "sku"):
            exact[sku] = pk
            by_key.setdefault(sku_key(sku), []).append(pk)
        matched: dict[int, StockRecord] = {}
        for each in records:
            pks = [exact[each.sku]] if each.sku in exact else by_key.get(each.key, [])
            if each.oversold and pks:
                self.oversold.add(each.sku)
            if len(pks) == 1 and pks[0] not in matched:
                matched[pks[0]] = each
            elif not pks:
                self.unknown.add(each.sku)
            else:
                (self.ambiguous if len(pks) > 1 else self.doubled).add(each.sku)
                self._seen.update(pks)
        return matched


def _products_with(skus: set[str], keys: set[str]) -> QuerySet[Product]:
    return Product.objects.filter(Q(sku__in=skus) | Q(sku_key__in=keys)).order_by()
