"""The end of a run: what the hub says and what the shops hold, compared by plain requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from chaos.hub import Records
from chaos.shop import Json, ShopFloor
from mageferry.hub.flows.runner import RUN_FLOW
from mageferry.hub.trade.models import Account, Order, OrderPayment, OrderShipment, PaymentType
from mageferry.hub.work.models import OPEN, UnitStatus, WorkUnit


@dataclass(slots=True)
class Verdict:
    """What was compared, and every difference as a sentence."""

    exported: int = 0
    taken_over: int = 0
    shipments: int = 0
    refunds: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    parked: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.unexplained)


def compare(records: Records, back_office: ShopFloor, storefront: ShopFloor) -> Verdict:
    verdict = Verdict()
    _exported_orders(verdict, records.marketplace, back_office)
    _orders_taken_over(verdict, records.own_shop, storefront)
    for account, floor in ((records.marketplace, back_office), (records.own_shop, storefront)):
        _shipments(verdict, account, floor)
        _refunds(verdict, account, floor)
    for unit in WorkUnit.objects.filter(status=UnitStatus.FAILED):
        if not (unit.reason and unit.remedy):
            verdict.unexplained.append(f"unit {unit.pk} {unit.kind}: {unit.reason!r}, {unit.remedy!r}")
        else:
            verdict.parked += 1
            verdict.notes.append(f"{unit.subject}: {unit.reason}")
    for unit in WorkUnit.objects.filter(status__in=OPEN).exclude(kind=RUN_FLOW):
        verdict.notes.append(f"{unit.subject} is still {unit.get_status_display()}: {unit.reason}")
    for order in Order.objects.exclude(error=""):
        verdict.unexplained.append(f"order {order} is parked: {order.error}")
    return verdict


def _money(value: object) -> Decimal:
    return Decimal(str(value or 0)).quantize(Decimal("0.01"))


def _exported_orders(verdict: Verdict, account: Account, shop: ShopFloor) -> None:
    theirs: dict[str, list[Json]] = {}
    for row in shop.orders():
        if row.get("ext_order_id"):
            theirs.setdefault(row["ext_order_id"], []).append(row)
    for order in Order.objects.filter(account=account):
        found = theirs.get(order.marketplace_order_id, [])
        verdict.exported += bool(found)
        _judge(verdict, f"order {order} in the shop", 1, len(found))
        if found and _money(found[0]["grand_total"]) != _money(order.grand_total):
            verdict.lost.append(f"order {order}: {order.grand_total} here, {found[0]['grand_total']} there")
        if found and order.connector_id != found[0]["entity_id"]:
            verdict.lost.append(f"order {order}: its id in the shop is not known here")


def _orders_taken_over(verdict: Verdict, account: Account, shop: ShopFloor) -> None:
    ours = {order.connector_id: order for order in Order.objects.filter(account=account)}
    for row in shop.orders():
        if row["store_id"] != 1 or row["status"] == "pending":
            continue
        order = ours.get(row["entity_id"])
        verdict.taken_over += order is not None
        if order is None:
            verdict.lost.append(f"order {row['increment_id']} of the shop is not here")
        elif _money(order.grand_total) != _money(row["grand_total"]):
            verdict.lost.append(f"order {order}: {order.grand_total} here, {row['grand_total']} there")


def _shipments(verdict: Verdict, account: Account, shop: ShopFloor) -> None:
    parked = _parked("create_shipment", "shipment")
    theirs = Counter(int(row["order_id"]) for row in shop.shipments())
    pieces: Counter[int] = Counter()
    for row in shop.shipments():
        pieces[int(row["order_id"])] += round(sum(float(item["qty"]) for item in row["items"]))
    for order in Order.objects.filter(account=account, connector_id__isnull=False):
        ours = OrderShipment.objects.filter(order=order).exclude(pk__in=parked)
        known, there = ours.count(), theirs[order.connector_id or 0]
        if order.account.code == "OWN" and not known:
            continue
        verdict.shipments += there
        _judge(verdict, f"shipments of order {order}", known, there)
        here = round(sum(float(item.quantity) for each in ours for item in each.items.all()))
        simple = not order.items.exclude(bundle_sku="").exists()
        if simple and known == there and here != pieces[order.connector_id or 0]:
            verdict.lost.append(
                f"order {order}: {here} pieces shipped here, {pieces[order.connector_id or 0]} there"
            )


def _refunds(verdict: Verdict, account: Account, shop: ShopFloor) -> None:
    theirs: dict[int, list[Json]] = {}
    for memo in shop.credit_memos():
        theirs.setdefault(int(memo["order_id"]), []).append(memo)
    told = OrderPayment.objects.filter(
        order__account=account, payment_type=PaymentType.REFUND, transaction_id__startswith="refund-"
    ).exclude(pk__in=_parked("create_return", "refund"))
    by_order: dict[int, list[OrderPayment]] = {}
    for payment in told.select_related("order", "magento"):
        by_order.setdefault(payment.order.connector_id or 0, []).append(payment)
    for entity_id, payments in by_order.items():
        found = theirs.get(entity_id, [])
        verdict.refunds += len(found)
        _judge(verdict, f"refunds of order {payments[0].order}", len(payments), len(found))
        here, there = (
            _sum(payment.amount for payment in payments),
            _sum(memo["grand_total"] for memo in found),
        )
        if len(found) == len(payments) and here != there:
            verdict.lost.append(f"order {payments[0].order}: {here} given back here, {there} there")


def _parked(kind: str, name: str) -> list[int]:
    """What the shop refuses for good: it waits for a person, with a reason and a remedy."""
    units = WorkUnit.objects.filter(kind=kind, status=UnitStatus.FAILED).exclude(reason="").exclude(remedy="")
    return [payload[name] for payload in units.values_list("payload", flat=True)]


def _sum(amounts: Iterable[object]) -> Decimal:
    return sum((_money(amount) for amount in amounts), Decimal(0))


def _judge(verdict: Verdict, what: str, expected: int, found: int) -> None:
    if found < expected:
        verdict.lost.append(f"{what}: {found} of {expected}")
    elif found > expected:
        verdict.doubled.append(f"{what}: {found} instead of {expected}")
