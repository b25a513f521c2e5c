"""What changed in the hub since last time, page by page: complete, and nothing twice.

Rows are read in the order of (updated_at, id) beyond a mark. The mark itself only moves over what is settled (see
settling): a row with an earlier moment than others may turn up after them. What was told beyond the mark is
remembered, with its moment, and left out when it is read again; should too much of it gather, only settled rows are
told until the mark has caught up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from django.db.models import Exists, OuterRef, Q, QuerySet

from mageferry.hub.connectors.models import Magento2Seller
from mageferry.hub.exchange import given, settling
from mageferry.hub.exchange.given import moment
from mageferry.hub.trade.models import (
    Account,
    Location,
    LocationQuantity,
    Order,
    OrderPayment,
    OrderShipment,
    PaymentType,
    Product,
)

MOST_UNSETTLED = 1000
_LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

type Key = tuple[dt.datetime, int]


@dataclass(frozen=True, slots=True)
class Position:
    """How far somebody has read: everything up to (changed_at, pk), and beyond it the rows `told`, each by its key
    with the moment that it bore. `data` and `read` make JSON of it and back."""

    changed_at: dt.datetime = _LONG_AGO
    pk: int = 0
    told: Mapping[int, dt.datetime] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return self.changed_at, self.pk

    def data(self) -> dict[str, Any]:
        """The position as JSON."""
        told = {str(pk): moment(at) for pk, at in self.told.items()}
        return {"changed_at": moment(self.changed_at), "id": self.pk, "told": told}

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """A position from its JSON. Raises ValueError."""
        try:
            told = {int(pk): _moment(at) for pk, at in data["told"].items()}
            return cls(_moment(data["changed_at"]), int(data["id"]), told)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"This isn't a position among the changes: {error!r:.100}") from None


def _moment(text: Any) -> dt.datetime:
    found = dt.datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("without a time zone")
    return found.astimezone(dt.UTC)


@dataclass(frozen=True, slots=True)
class ChangedPage:
    """Entities that changed, the position behind them, and whether there are more now."""

    entities: Sequence[dict[str, Any]]
    position: Position
    more: bool


@dataclass(frozen=True, slots=True)
class _Source:
    """Rows of a kind: all of an account; with what telling of them needs; and the telling."""

    rows: Callable[[Account | None], QuerySet[Any]]
    whole: Callable[[QuerySet[Any]], QuerySet[Any]]
    give: Callable[[Any], dict[str, Any]]
    of_account: bool = True


def _links(orders: QuerySet[Order]) -> QuerySet[Order]:
    return orders.select_related("account", "magento__magento2_connector").prefetch_related(
        "magento_parts__magento2_connector"
    )


def _of_orders_of(account: Account | None) -> Exists:
    """That a row's order is one of the account's. Not a join: SQLite would begin it with all orders of the account."""
    return Exists(Order.objects.filter(pk=OuterRef("order_id"), account=account))


def _shelves(account: Account | None) -> QuerySet[LocationQuantity]:
    """Stock of the locations of the account's seller rows; of all locations when no row names one."""
    shelves = LocationQuantity.objects.all()
    if account is None:
        return shelves
    rows = Magento2Seller.objects.filter(Q(account=account) | Q(account_magento__account=account))
    here = list(Location.objects.filter(pk__in=rows.values("location")).values_list("pk", flat=True))
    return shelves.filter(location__in=here) if here else shelves


_ORDERS = _Source(
    lambda account: Order.objects.filter(account=account),
    lambda rows: _links(rows).prefetch_related("items__seller", "items__magento", "addresses", "payments"),
    given.give_order,
)
SOURCES: Mapping[str, _Source] = {
    "order": _ORDERS,
    "order_status": _Source(_ORDERS.rows, _links, given.give_status),
    "shipment": _Source(
        lambda account: OrderShipment.objects.filter(_of_orders_of(account)),
        lambda rows: rows.select_related("order__account", "magento").prefetch_related(
            "items__order_item", "tracks"
        ),
        given.give_shipment,
    ),
    "refund": _Source(
        lambda account: OrderPayment.objects.filter(_of_orders_of(account), payment_type=PaymentType.REFUND),
        lambda rows: rows.select_related("order__account", "magento").prefetch_related(
            "refund_items__order_item"
        ),
        given.give_refund,
    ),
    "stock": _Source(
        _shelves, lambda rows: rows.select_related("product", "location"), given.give_stock, of_account=False
    ),
    "product": _Source(
        lambda _account: Product.objects.all(), lambda rows: rows, given.give_product, of_account=False
    ),
}


def changes(kind: str, account: Account | None, since: Position | None, limit: int = 100) -> ChangedPage:
    """At most `limit` entities of a kind that changed since a position; all there are, page by page, without one.

    An entity that changes while it is read is told again. Rows that are deleted aren't told. `account` is needed for
    all kinds but stock and products.

    Raises LookupError for an unknown kind, ValueError for a limit below 1 or a missing account.
    """
    source = SOURCES.get(kind)
    if source is None:
        raise LookupError(f"There is no kind of entity {kind!r}. The kinds are {', '.join(SOURCES)}.")
    if limit < 1 or (account is None and source.of_account):
        raise ValueError("A page has at least one entity, and this kind belongs to an account.")
    since = since or Position()
    # Before the rows are read: what is settled then, is among them.
    settled = settling.settled_at()
    keys = _keys_beyond(source.rows(account), since, settled, limit)
    fresh = [key for key in keys if since.told.get(key[1]) != key[0]]
    page = fresh[:limit]
    more = len(fresh) > limit
    seen = [key for key in keys if key <= page[-1]] if more else keys
    rows = source.whole(source.rows(account).model._default_manager.filter(pk__in=[pk for _, pk in page]))
    by_pk = {row.pk: row for row in rows}
    told = [by_pk[pk] for _, pk in page if pk in by_pk]
    position = _position_behind(since, seen, settled, {row.pk: row.updated_at for row in told})
    return ChangedPage([source.give(row) for row in told], position, more)


def _keys_beyond(rows: QuerySet[Any], since: Position, settled: dt.datetime, limit: int) -> list[Key]:
    """Moments and keys of the rows beyond the mark, one more than a page when there are so many."""
    at, pk = since.key
    beyond = rows.filter(updated_at__gte=at).filter(Q(updated_at__gt=at) | Q(pk__gt=pk))
    if len(since.told) >= MOST_UNSETTLED:
        beyond = beyond.filter(updated_at__lte=settled)
    ordered = beyond.order_by("updated_at", "pk").values_list("updated_at", "pk")
    return list(ordered[: limit + len(since.told) + 1])


def _position_behind(
    since: Position, seen: Sequence[Key], settled: dt.datetime, told: Mapping[int, dt.datetime]
) -> Position:
    mark = max((key for key in seen if key[0] <= settled), default=since.key)
    remembered = {pk: at for pk, at in {**since.told, **told}.items() if (at, pk) > mark}
    return Position(*mark, remembered)
