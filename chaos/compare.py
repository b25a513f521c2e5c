"""The end of a run of flows: what the hub says and what the shops hold, compared by plain requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from chaos.hub import Records
from chaos.people import REFUND, TOO_MUCH
from chaos.shop import Json, ShopFloor
from chaos.verdict import Verdict
from mageferry.hub.trade.models import Account, Order, OrderPayment, OrderShipment, PaymentType
from mageferry.hub.work.models import UnitStatus, WorkUnit


def compare(records: Records, back_office: ShopFloor, storefront: ShopFloor) -> Verdict:
    verdict = Verdict()
    _exported_orders(verdict, records.marketplace, back_office)
    _orders_taken_over(verdict, records.own_shop, storefront)
    for account, floor in ((records.marketplace, back_office), (records.own_shop, storefront)):
        _shipments(verdict, account, floor)
        _refunds(verdict, account, floor)
    verdict.judge_failures(refusals())
    for order in Order.objects.exclude(error=""):
        verdict.unexplained.append(f"order {order} is parked: {order.error}")
    return verdict


def refusals() -> set[int]:
    """The units of those refunds that ask for more than there is, as far as they were refused."""
    asked = OrderPayment.objects.filter(transaction_id__startswith=TOO_MUCH).values("pk")
    units = WorkUnit.objects.filter(kind="create_return", status=UnitStatus.FAILED, payload__refund__in=asked)
    return set(units.values_list("pk", flat=True))


def _money(value: object) -> Decimal:
    return Decimal(str(value or 0)).quantize(Decimal("0.01"))


def _sum(amounts: Iterable[object]) -> Decimal:
    return sum((_money(amount) for amount in amounts), Decimal(0))


def _exported_orders(verdict: Verdict, account: Account, shop: ShopFloor) -> None:
    theirs: dict[str, list[Json]] = {}
    for row in shop.orders():
        if row.get("ext_order_id"):
            theirs.setdefault(row["ext_order_id"], []).append(row)
    for order in Order.objects.filter(account=account):
        found = theirs.get(order.marketplace_order_id, [])
        verdict.count("exported", bool(found))
        verdict.judge(f"order {order} in the shop", 1, len(found))
        if found and _money(found[0]["grand_total"]) != _money(order.grand_total):
            verdict.lost.append(f"order {order}: {order.grand_total} here, {found[0]['grand_total']} there")
        if found and order.connector_id != found[0]["entity_id"]:
            verdict.lost.append(f"order {order}: its id in the shop is not known here")


def _orders_taken_over(verdict: Verdict, account: Account, shop: ShopFloor) -> None:
    ours: dict[int | None, list[Order]] = {}
    for order in Order.objects.filter(account=account):
        ours.setdefault(order.connector_id, []).append(order)
    for row in shop.orders():
        if row["store_id"] != 1 or row["status"] == "pending":
            continue
        here = ours.get(row["entity_id"], [])
        verdict.count("taken_over", len(here))
        verdict.judge(f"order {row['increment_id']} of the shop in the hub", 1, len(here))
        if here and _money(here[0].grand_total) != _money(row["grand_total"]):
            verdict.lost.append(f"order {here[0]}: {here[0].grand_total} here, {row['grand_total']} there")


def _shipments(verdict: Verdict, account: Account, shop: ShopFloor) -> None:
    theirs: Counter[int] = Counter()
    pieces: Counter[int] = Counter()
    for row in shop.shipments():
        theirs[int(row["order_id"])] += 1
        pieces[int(row["order_id"])] += round(sum(float(item["qty"]) for item in row["items"]))
    for order in Order.objects.filter(account=account, connector_id__isnull=False):
        ours = OrderShipment.objects.filter(order=order)
        known, there = ours.count(), theirs[order.connector_id or 0]
        verdict.count("shipments", there)
        if order.account.code == "OWN" and not known and not there:
            continue
        verdict.judge(f"shipments of order {order}", known, there)
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
        order__account=account, payment_type=PaymentType.REFUND, transaction_id__startswith=REFUND
    )
    by_order: dict[int, list[OrderPayment]] = {}
    for payment in told.select_related("order", "magento"):
        by_order.setdefault(payment.order.connector_id or 0, []).append(payment)
    for entity_id in by_order.keys() | theirs.keys():
        payments, found = by_order.get(entity_id, []), theirs.get(entity_id, [])
        verdict.count("refunds", len(found))
        verdict.judge(f"refunds of order {entity_id} of {account}", len(payments), len(found))
        here, there = (
            _sum(payment.amount for payment in payments),
            _sum(memo["grand_total"] for memo in found),
        )
        if len(found) == len(payments) and here != there:
            verdict.lost.append(f"order {entity_id} of {account}: {here} given back here, {there} there")
