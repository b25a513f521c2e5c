"""Storing orders that were read from a Magento: a page at a time, in one transaction, the same order never twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial
from operator import attrgetter

from django.db import transaction
from django.utils import timezone

from mageferry.hub.connectors.models import (
    AccountMagento,
    Direction,
    Magento2Seller,
    OrderItemMagento,
    OrderPaymentMagento2,
    OrdersMagento,
)
from mageferry.hub.flows.history import place_of
from mageferry.hub.flows.order_update import FLOW, update_orders
from mageferry.hub.flows.stored import Stored
from mageferry.hub.mapping.amounts import ZERO
from mageferry.hub.mapping.order_records import OrderRecord
from mageferry.hub.trade.history import write_histories
from mageferry.hub.trade.models import (
    Account,
    HistoryOutcome,
    Order,
    OrderAddress,
    OrderItem,
    OrderPayment,
    PaymentType,
)
from mageferry.hub.work.bulk import Row, Table, columns_of, json_text

_ORDERS = Table(
    Order, "id", "account", "marketplace_order_id", "status", "remote_status", "currency", "subtotal",
    "shipping_amount", "tax_amount", "discount_amount", "grand_total", "total_refunded", "customer_email",
    "customer_firstname", "customer_lastname", "shipping_service", "shipping_description", "placed_at",
    "remote_updated_at", "connector_id", "error", "remedy", "created_at", "updated_at",
)  # fmt: skip
_ITEMS = Table(
    OrderItem, "id", "order", "position", "marketplace_item_id", "sku", "name", "product_type", "bundle_sku",
    "quantity", "quantity_shipped", "quantity_refunded", "quantity_cancelled", "price", "unit_tax", "tax_percent",
    "discount_amount", "row_total", "product_option", "extension_attributes", "magento_exported", "connector_id",
)  # fmt: skip
_ADDRESSES = Table(
    OrderAddress, "order", "kind", "firstname", "lastname", "company", "street", "city", "region", "region_code",
    "postcode", "country_id", "telephone", "email", "vat_id",
)  # fmt: skip
_PAYMENTS = Table(
    OrderPayment, "id", "order", "payment_type", "method", "amount", "amount_paid", "shipping_amount", "currency",
    "transaction_id", "paid_at", "updated_at",
)  # fmt: skip
_ORDERS_MAGENTO = Table(
    OrdersMagento, "order", "magento2_connector", "direction", "entity_id", "increment_id", "store_id",
    "shipment_created", "shipment_id", "order_payment_id",
)  # fmt: skip
_ITEMS_MAGENTO = Table(OrderItemMagento, "order_item", "item_id", "parent_item_id")
_PAYMENTS_MAGENTO = Table(OrderPaymentMagento2, "order_payment", "return_created", "return_id")


def store_orders(
    row: Magento2Seller, account: Account, records: Sequence[OrderRecord]
) -> Stored[OrderRecord]:
    """Store a page of orders in one transaction: new ones whole, known ones brought up to date.

    Orders that this hub exported to the same Magento are left alone (they are not sales of this channel).
    """
    stored: Stored[OrderRecord] = Stored()
    with transaction.atomic():
        ours = _exported_by_us(row, account, records)
        known = _find_known(account, records)
        fresh: dict[str, OrderRecord] = {}
        changed: list[tuple[OrdersMagento, OrderRecord]] = []
        for record in records:
            order = known.get(record.increment_id)
            if record.entity_id in ours:
                stored.skipped += 1
            elif record.increment_id in fresh or (
                order is not None and order.connector_id != record.entity_id
            ):
                stored.refused.append((record, *_number_taken(record, account)))
            elif order is None:
                fresh[record.increment_id] = record
            else:
                order.magento.order = order
                changed.append((order.magento, record))
        _create(row, account, list(fresh.values()))
        stored.created = len(fresh)
        moved = update_orders(row, changed, stored.refused)
        stored.updated, stored.unchanged = moved.count(True), moved.count(False)
    return stored


def _find_known(account: Account, records: Sequence[OrderRecord]) -> dict[str, Order]:
    """The orders of the account that have one of the records' numbers, by number."""
    # Most pages of a first read hold new orders only; as a statement of its own the look-up is a fifth of the ORM's.
    ids = _ORDERS.ids_where(
        ("account", [account.pk]), ("marketplace_order_id", [record.increment_id for record in records])
    )
    found = Order.objects.filter(pk__in=ids).select_related("magento").order_by() if ids else ()
    return {order.marketplace_order_id: order for order in found}


def _number_taken(record: OrderRecord, account: Account) -> tuple[str, str]:
    return (
        f"Order {record.increment_id} (entity {record.entity_id}) has the number of another order of {account}.",
        "Two seller rows or two shops store into this account. Give each its own account.",
    )


def _exported_by_us(row: Magento2Seller, account: Account, records: Sequence[OrderRecord]) -> set[int]:
    """Entity ids of orders that carry the number of an order of an account that is exported to this Magento.

    Also right while an export is under way whose answer never came: the ids aren't known yet, the number is.
    """
    numbers = {record.ext_order_id for record in records if record.ext_order_id}
    if not numbers:
        return set()
    exported_accounts = (
        Magento2Seller.objects.filter(connector=row.connector_id, account__isnull=False)
        .exclude(account=account)
        .values("account")
    )
    ours = set(
        Order.objects.filter(account__in=exported_accounts, marketplace_order_id__in=numbers).values_list(
            "marketplace_order_id", flat=True
        )
    )
    return {record.entity_id for record in records if record.ext_order_id in ours}


def _create(row: Magento2Seller, account: Account, records: Sequence[OrderRecord]) -> None:
    """Store new orders with everything that belongs to them."""
    if not records:
        return
    count, now = len(records), timezone.now()
    nows, empty = [now] * count, [""] * count
    order_ids, entity_ids = _ORDERS.reserve_ids(count), [record.entity_id for record in records]
    _ORDERS.insert(
        order_ids, [account.pk] * count, *columns_of(map(_ORDER_VALUES, records)), empty, empty, nows, nows,
    )  # fmt: skip
    _ORDERS_MAGENTO.insert_rows(map(partial(_order_magento_row, row), order_ids, records))
    _create_items(order_ids, records)
    _ADDRESSES.insert_rows(
        (pk, *_ADDRESS_VALUES(address))
        for pk, record in zip(order_ids, records, strict=True)
        for address in record.addresses
    )
    payments, in_magento = _payment_rows(records, order_ids, now)
    _PAYMENTS.insert_rows(payments)
    _PAYMENTS_MAGENTO.insert_rows(in_magento)
    write_histories(
        FLOW, place_of(row), order_ids, HistoryOutcome.DONE,
        [f"Taken over from Magento, status {record.remote_status}." for record in records],
        [{"entity_id": entity_id} for entity_id in entity_ids], now,
    )  # fmt: skip


def _create_items(order_ids: Sequence[int], records: Sequence[OrderRecord]) -> None:
    places = [
        (order_id, position, record.entity_id)
        for order_id, record in zip(order_ids, records, strict=True)
        for position in range(1, len(record.items) + 1)
    ]
    items = [item for record in records for item in record.items]
    count, pks, item_ids = len(items), _ITEMS.reserve_ids(len(items)), [item.item_id for item in items]
    orders, positions, entity_ids = columns_of(places)
    _ITEMS.insert(
        pks, orders, positions, list(map(str, item_ids)), *columns_of(map(_ITEM_VALUES, items)),
        [json_text(item.product_option) for item in items],
        [json_text(item.extension_attributes) if item.extension_attributes else "{}" for item in items],
        [False] * count, entity_ids,
    )  # fmt: skip
    _ITEMS_MAGENTO.insert(pks, item_ids, [item.parent_item_id for item in items])


_ITEM_VALUES = attrgetter(
    "sku", "name", "product_type", "bundle_sku", "quantity", "quantity_shipped", "quantity_refunded",
    "quantity_cancelled", "price", "unit_tax", "tax_percent", "discount_amount", "row_total",
)  # fmt: skip
_ADDRESS_VALUES = attrgetter(
    "kind", "firstname", "lastname", "company", "street", "city", "region", "region_code", "postcode", "country_id",
    "telephone", "email", "vat_id",
)  # fmt: skip
_ORDER_VALUES = attrgetter(
    "increment_id", "status", "remote_status", "currency", "subtotal", "shipping_amount", "tax_amount",
    "discount_amount", "grand_total", "total_refunded", "customer_email", "customer_firstname", "customer_lastname",
    "shipping_service", "shipping_description", "placed_at", "remote_updated_at", "entity_id",
)  # fmt: skip


def _payment_rows(
    records: Sequence[OrderRecord], order_ids: Sequence[int], now: dt.datetime
) -> tuple[list[Row], list[Row]]:
    """Payments, and the refunds that Magento already made."""
    payments: list[Row] = []
    in_magento: list[Row] = []
    count = sum((record.payment is not None) + bool(record.total_refunded) for record in records)
    ids = iter(_PAYMENTS.reserve_ids(count))
    for order_id, record in zip(order_ids, records, strict=True):
        method = ""
        if record.payment is not None:
            paid, method = record.payment, record.payment.method
            paid_at = record.placed_at if paid.amount_paid else None
            payments.append(
                (next(ids), order_id, PaymentType.PAYMENT.value, method, paid.amount, paid.amount_paid,
                 paid.shipping_amount, record.currency, paid.transaction_id, paid_at, now)
            )  # fmt: skip
        if record.total_refunded:
            pk, kind = next(ids), PaymentType.REFUND.value
            payments.append(
                (pk, order_id, kind, method, record.total_refunded, ZERO, ZERO, record.currency, "", now, now)
            )
            in_magento.append((pk, True, None))
    return payments, in_magento


def _order_magento_row(row: Magento2Seller, pk: int, record: OrderRecord) -> Row:
    payment_id = record.payment.entity_id if record.payment else None
    return (
        pk, row.connector_id, Direction.DOWNLOADED.value, record.entity_id, record.increment_id, record.store_id,
        record.nothing_left_to_ship, "[]", payment_id,
    )  # fmt: skip


def linked_account(row: Magento2Seller) -> Account | None:
    """The account that a row's orders are stored under, None when none is linked."""
    link = AccountMagento.objects.filter(magento2_seller=row).select_related("account").first()
    return link.account if link else None
