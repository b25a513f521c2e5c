"""What an export leaves in the hub: Magento's ids of the order, or of its part, its items and payment; or an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from mageferry.hub.connectors.models import (
    Direction,
    InvoiceRule,
    Magento2Seller,
    OrderItemMagento,
    OrderPartMagento,
    OrdersMagento,
)
from mageferry.hub.flows.history import place_of
from mageferry.hub.flows.invoice_orders import invoice_intent
from mageferry.hub.mapping.field_mappings import FieldMappings
from mageferry.hub.mapping.order_amounts import sent_items
from mageferry.hub.mapping.order_out import external_item_id
from mageferry.hub.mapping.order_parts import items_of_seller, sellers_by_item
from mageferry.hub.trade.history import Place, write_histories, write_history
from mageferry.hub.trade.models import HistoryOutcome, Order, OrderItem, Seller
from mageferry.hub.work import ledger
from mageferry.hub.work.bulk import Table
from mageferry.hub.work.cases import Each, change_rows
from mageferry.hub.work.ledger import Outcome
from mageferry.hub.work.models import Step, UnitStatus, WorkUnit
from mageferry.hub.work.units import Shared

FLOW = "export_orders"
ONE_ORDER = "export_order"


@dataclass(frozen=True, slots=True)
class Shipload:
    """What one unit brings into Magento: an order, or the items of one seller in it, through a row, with the mappings
    of its connector."""

    order: Order
    row: Magento2Seller
    mappings: FieldMappings
    seller: Seller | None = None

    @property
    def items(self) -> list[OrderItem]:
        """The items that are in Magento when it is done."""
        items = list(self.order.items.all())
        return items if self.seller is None else items_of_seller(items, self.seller)

    @property
    def sent(self) -> list[OrderItem]:
        """The items that are sent: of a bundle its components only."""
        here = {item.pk for item in self.items}
        return [item for item in sent_items(list(self.order.items.all())) if item.pk in here]


def unit_key(order_pk: int, seller_pk: int | None) -> str:
    """The unit of an order, or of a seller's part of it: one for ever, whatever row it goes through."""
    return f"{ONE_ORDER}:{order_pk}" + (f":seller:{seller_pk}" if seller_pk else "")


@dataclass(frozen=True, slots=True)
class Adopted:
    """An order, or a part of it, that is in Magento: what it has there, and what the history says."""

    load: Shipload
    made: Mapping[str, Any]
    message: str

    @property
    def entity_id(self) -> int:
        return int(self.made["entity_id"])

    @property
    def ids(self) -> dict[str, Any]:
        return {
            "magento2_connector_id": self.load.row.connector_id,
            "entity_id": self.entity_id,
            "increment_id": self.made.get("increment_id") or "",
            "store_id": self.load.row.store_id,
            "order_payment_id": (self.made.get("payment") or {}).get("entity_id"),
        }

    @property
    def item_ids(self) -> dict[int, int]:
        return match_items(self.load.sent, self.made.get("items") or [])


def adopt_order(load: Shipload, made: Mapping[str, Any], message: str) -> Outcome:
    """Take over the ids of the order that was made, or found: finished."""
    adopted = Adopted(load, made, message + _left_out(load))
    result = {"entity_id": adopted.entity_id, "increment_id": made.get("increment_id")}
    if load.seller is None:
        return ledger.finished(shared=Shared(_record_orders, adopted), result=result)
    return ledger.finished(lambda: _record_part(adopted), result=result)


# What is written for every order, so without the detour over model instances.
_ORDERS_MAGENTO = Table(
    OrdersMagento, "order", "magento2_connector", "entity_id", "increment_id", "store_id", "order_payment_id",
    "direction", "shipment_created", "shipment_id",
)  # fmt: skip
_ITEMS_MAGENTO = Table(OrderItemMagento, "order_item", "item_id")


def _record_orders(several: Sequence[Adopted]) -> None:
    """Orders that went whole."""
    _ORDERS_MAGENTO.insert_rows(
        [(each.load.order.pk, *each.ids.values(), Direction.EXPORTED.value, False, "[]") for each in several]
    )
    _record(several)
    _take(several, {"error": "", "remedy": ""})


def _record_part(part: Adopted) -> None:
    """A seller's part of an order; of several parts orders_magento keeps the first."""
    load = part.load
    OrdersMagento.objects.get_or_create(
        order=load.order, defaults={**part.ids, "direction": Direction.EXPORTED}
    )
    OrderPartMagento.objects.create(order=load.order, magento2_seller=load.row, **part.ids)
    _record([part])
    _take([part], {} if _others_are_parked(load) else {"error": "", "remedy": ""})


def _record(several: Sequence[Adopted]) -> None:
    """Magento's ids of the items, the history, and the units that invoice them where that is a call of its own."""
    _ITEMS_MAGENTO.insert_rows([pair for each in several for pair in each.item_ids.items()])
    exported = {item.pk: each.entity_id for each in several for item in each.load.items}
    change_rows(OrderItem, list(exported), {"magento_exported": True, "connector_id": Each(exported)})
    for place, group in _by_place(several).items():
        write_histories(
            FLOW, place, [each.load.order.pk for each in group], HistoryOutcome.DONE,
            [each.message for each in group], [{"entity_id": each.entity_id} for each in group], timezone.now(),
        )  # fmt: skip
    ledger.write_intents(
        invoice_intent(each.load.order, each.load.row, each.entity_id)
        for each in several
        if each.load.row.connector.invoice_rule == InvoiceRule.CALL
    )


def _take(several: Sequence[Adopted], changes: Mapping[str, Any]) -> None:
    """The orders know where they are; of several parts it is the first."""
    orders = {each.load.order.pk: each.entity_id for each in several}
    changed = {"connector_id": Each(orders), "updated_at": timezone.now(), **changes}
    change_rows(Order, list(orders), changed, fill=("connector_id",))


def _by_place(several: Sequence[Adopted]) -> dict[Place, list[Adopted]]:
    places: dict[Place, list[Adopted]] = {}
    for each in several:
        places.setdefault(place_of(each.load.row), []).append(each)
    return places


def _others_are_parked(load: Shipload) -> bool:
    """Whether the order's error belongs to another part of it."""
    if load.seller is None:
        return False
    sellers = {item.seller_id for item in load.order.items.all()} - {load.seller.pk, None}
    keys = [unit_key(load.order.pk, pk) for pk in sellers]
    return WorkUnit.objects.filter(dedup_key__in=keys, status=UnitStatus.FAILED).exists()


def _left_out(load: Shipload) -> str:
    if load.seller is None:
        return ""
    items = list(load.order.items.all())
    sellers = sellers_by_item(items)
    nobodys = ", ".join(item.sku for item in sent_items(items) if sellers[item.pk] is None)
    without = f" Not exported, since they have no seller: {nobodys}." if nobodys else ""
    return f" The items of {load.seller}.{without}"


def match_items(items: Sequence[OrderItem], made: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """Our item -> Magento's item_id: by ext_order_item_id, then by SKU in order; the same SKU twice stays two."""
    left = list(made)
    matched: dict[int, int] = {}
    for field, wanted in (("ext_order_item_id", external_item_id), ("sku", _sku)):
        for item in items:
            found = next((each for each in left if each.get(field) == wanted(item)), None)
            if item.pk not in matched and found is not None:
                matched[item.pk] = int(found["item_id"])
                left.remove(found)
    return matched


def _sku(item: OrderItem) -> str:
    return item.sku


def park_order(load: Shipload, reason: str, remedy: str, raw: bytes | None = None) -> Outcome:
    """A lasting refusal: the order keeps the error until a person clears it."""
    shown = f"{load.seller}: {reason}" if load.seller else reason

    def record() -> None:
        Order.objects.filter(pk=load.order.pk).update(error=shown, remedy=remedy, updated_at=timezone.now())
        _note(load, HistoryOutcome.FAILED, shown, {})

    answer = raw.decode("utf-8", "replace")[:4000] if raw else ""
    return Outcome(
        UnitStatus.FAILED, reason=reason, remedy=remedy, answer=answer, step=Step.INTENT, effect=record
    )


def _note(load: Shipload, outcome: HistoryOutcome, message: str, ids: dict[str, Any]) -> None:
    write_history(FLOW, place_of(load.row), load.order.pk, outcome, message, ids)
