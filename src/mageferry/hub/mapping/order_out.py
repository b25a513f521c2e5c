"""A hub order as the entity of `PUT /V1/orders/create`. Pure: it reads loaded rows, asks nothing.

Money is Decimal until the very end.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

from mageferry.hub.connectors.custom_shop import exported_state, fill_template
from mageferry.hub.connectors.models import InvoiceRule, Magento2Seller, NumberRule
from mageferry.hub.mapping.amounts import FOUR_PLACES, ZERO
from mageferry.hub.mapping.completeness import addresses_of, missing_of, payment_of, shipping_method_for
from mageferry.hub.mapping.order_amounts import Line, Totals, UnsendableOrder
from mageferry.hub.mapping.order_parts import OrderPart, split_order, whole_order
from mageferry.hub.trade.models import Order, OrderAddress, OrderItem, Seller

INCREMENT_ID_LIMIT = 50
_AS_IT_IS = (str, int)
_MAY_BE_EMPTY = (str, list, dict)


def increment_id_for(order: Order, row: Magento2Seller, seller: Seller | None = None) -> str | None:
    """The number that the order, or the part of a seller, gets in Magento: the same at every attempt, so Magento
    refuses a second copy.

    None when Magento is to number itself.
    """
    if row.connector.number_rule == NumberRule.MAGENTO:
        return None
    if row.connector.number_rule == NumberRule.TEMPLATE:
        account, template = order.account, row.connector.number_template
        number = fill_template(
            template,
            account=account.code,
            marketplace=account.marketplace.code,
            order=order.marketplace_order_id,
        )
    else:
        number = f"{order.account.code}-{order.marketplace_order_id}"
    if seller is not None:
        number += f"-{seller.code}"
    if len(number) <= INCREMENT_ID_LIMIT:
        return number
    tail = hashlib.sha256(number.encode()).hexdigest()[:10]
    return f"{number[: INCREMENT_ID_LIMIT - len(tail) - 1]}-{tail}"


def build_entity(order: Order, row: Magento2Seller, seller: Seller | None = None) -> dict[str, Any]:
    """The entity to send: of the whole order, or of the seller's part. `order` comes with items, addresses and
    payments prefetched.

    Raises UnsendableOrder naming everything that is missing.
    """
    problems = missing_of(order, row)
    if problems:
        raise UnsendableOrder(problems)
    part = whole_order(order) if seller is None else split_order(order)[seller.pk]
    entity: dict[str, Any] = prune(_entity(order, row, part))
    return entity


def _entity(order: Order, row: Magento2Seller, part: OrderPart) -> dict[str, Any]:
    billing, shipping = addresses_of(order)
    # Missing ones were named before.
    assert billing is not None
    assert shipping is not None
    totals = part.totals
    entity = {
        **_head(order, row, part.seller),
        **_twins(_order_amounts(totals)),
        "total_item_count": len(part.lines),
        "total_qty_ordered": sum((line.item.quantity for line in part.lines), ZERO),
        "billing_address": {**_address(billing, order), "address_type": "billing"},
        "payment": _payment(order, row, totals),
        "items": [_item(line, row) for line in part.lines],
        "extension_attributes": {
            **row.connector.extension_attributes,
            "shipping_assignments": [_shipping(shipping, order, row, part)],
        },
    }
    invoiced = row.connector.invoice_rule == InvoiceRule.PAID
    return entity | _twins(_paid_amounts(totals) if invoiced else {"total_due": totals.grand_total})


def _head(order: Order, row: Magento2Seller, seller: Seller | None) -> dict[str, Any]:
    connector = row.connector
    paid = connector.invoice_rule == InvoiceRule.PAID
    standard = ("processing", connector.exported_status) if paid else ("new", "pending")
    state, status = exported_state(connector, order.status, standard)
    return {
        "increment_id": increment_id_for(order, row, seller),
        "ext_order_id": order.marketplace_order_id,
        "store_id": row.store_id,
        "state": state,
        "status": status,
        "created_at": f"{order.placed_at:%Y-%m-%d %H:%M:%S}",
        "order_currency_code": order.currency,
        "base_currency_code": order.currency,
        "store_currency_code": order.currency,
        "global_currency_code": order.currency,
        "base_to_order_rate": 1,
        "base_to_global_rate": 1,
        "customer_email": order.customer_email,
        "customer_firstname": order.customer_firstname,
        "customer_lastname": order.customer_lastname,
        "customer_is_guest": 1,
        "customer_group_id": 0,
        "is_virtual": 0,
        "shipping_description": order.shipping_description or order.shipping_service,
    }


def _order_amounts(totals: Totals) -> dict[str, Decimal]:
    return {
        "subtotal": totals.subtotal,
        "subtotal_incl_tax": totals.subtotal + totals.tax - totals.shipping_tax,
        "shipping_amount": totals.shipping,
        "shipping_incl_tax": totals.shipping + totals.shipping_tax,
        "shipping_tax_amount": totals.shipping_tax,
        "shipping_discount_amount": totals.shipping_discount,
        "tax_amount": totals.tax,
        "discount_amount": -totals.discount + ZERO,
        "grand_total": totals.grand_total,
    }


def _paid_amounts(totals: Totals) -> dict[str, Decimal]:
    """Without these Magento refuses every later refund."""
    return {
        "subtotal_invoiced": totals.subtotal,
        "shipping_invoiced": totals.shipping,
        "tax_invoiced": totals.tax,
        "discount_invoiced": -totals.discount + ZERO,
        "total_invoiced": totals.grand_total,
        "total_paid": totals.grand_total,
        "total_due": ZERO,
    }


def _twins(amounts: dict[str, Decimal]) -> dict[str, Decimal]:
    """Each amount in the order's currency and in the base currency, which is the same one here."""
    return {**amounts, **{f"base_{name}": amount for name, amount in amounts.items()}}


def external_item_id(item: OrderItem) -> str:
    """What tells the lines of an order apart in Magento, also when the same SKU is there twice."""
    return item.marketplace_item_id or f"{item.order.marketplace_order_id}-{item.position}"


def _item(line: Line, row: Magento2Seller) -> dict[str, Any]:
    item = line.item
    price = line.row_total / item.quantity if not item.price else item.price
    unit_tax = line.tax / item.quantity
    amounts = {
        "price": price,
        "original_price": price,
        "row_total": line.row_total,
        "tax_amount": line.tax,
        "discount_amount": line.discount,
        "price_incl_tax": price + unit_tax,
        "row_total_incl_tax": line.row_total + line.tax,
    }
    entry: dict[str, Any] = {
        "sku": item.sku,
        "name": item.name or item.sku,
        "product_type": "simple",
        "qty_ordered": item.quantity,
        "tax_percent": item.tax_percent,
        "ext_order_item_id": external_item_id(item),
        "store_id": row.store_id,
        "product_option": item.product_option,
        "extension_attributes": item.extension_attributes,
    }
    if row.connector.invoice_rule == InvoiceRule.PAID:
        entry["qty_invoiced"] = item.quantity
        amounts |= {
            "row_invoiced": line.row_total,
            "tax_invoiced": line.tax,
            "discount_invoiced": line.discount,
        }
    return entry | _twins(amounts)


def _address(address: OrderAddress, order: Order) -> dict[str, Any]:
    return {
        "firstname": address.firstname,
        "lastname": address.lastname,
        "company": address.company,
        "street": [line for line in address.street.splitlines() if line.strip()],
        "city": address.city,
        "region": address.region,
        "region_code": address.region_code,
        "postcode": address.postcode,
        "country_id": address.country_id,
        "telephone": address.telephone,
        "email": address.email or order.customer_email,
        "vat_id": address.vat_id,
    }


def _payment(order: Order, row: Magento2Seller, totals: Totals) -> dict[str, Any]:
    paid = payment_of(order)
    method = paid.method if paid is not None else ""
    amounts = {"amount_ordered": totals.grand_total, "shipping_amount": totals.shipping}
    if row.connector.invoice_rule == InvoiceRule.PAID:
        amounts |= {"amount_paid": totals.grand_total, "shipping_captured": totals.shipping}
    return {
        "method": row.connector.payment_method_map.get(method) or row.connector.payment_method,
        "additional_information": [f"Paid through {order.account.name}"],
        **_twins(amounts),
    }


def _shipping(address: OrderAddress, order: Order, row: Magento2Seller, part: OrderPart) -> dict[str, Any]:
    totals = part.totals
    return {
        "shipping": {
            "address": {**_address(address, order), "address_type": "shipping"},
            "method": shipping_method_for(order, row),
            "total": _twins(
                {
                    "shipping_amount": totals.shipping,
                    "shipping_incl_tax": totals.shipping + totals.shipping_tax,
                    "shipping_tax_amount": totals.shipping_tax,
                    "shipping_discount_amount": totals.shipping_discount,
                }
            ),
        },
        "items": [{"sku": line.item.sku, "qty_ordered": line.item.quantity} for line in part.lines],
    }


def prune(value: Any) -> Any:
    """Empty nodes left out ("" null [] {}), 0 and false kept; Decimals as the JSON numbers that read the same."""
    if isinstance(value, _AS_IT_IS):
        return value
    if isinstance(value, Decimal):
        rounded = value.quantize(FOUR_PLACES)
        return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)
    if isinstance(value, dict):
        return {key: kept for key, entry in value.items() if not _is_empty(kept := prune(entry))}
    if isinstance(value, list):
        return [kept for entry in value if not _is_empty(kept := prune(entry))]
    return value


def _is_empty(value: Any) -> bool:
    return value is None or (not value and isinstance(value, _MAY_BE_EMPTY))
