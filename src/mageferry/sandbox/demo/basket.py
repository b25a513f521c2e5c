"""What is in a demo order: simple, configurable, bundle and virtual items with their amounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from mageferry.sandbox.demo.goods import (
    BUNDLE,
    BUNDLE_PARTS,
    BY_SKU,
    CAMPING,
    CLOTHING,
    CONFIGURABLE,
    IDS,
    VIRTUAL,
    Good,
    money,
)
from mageferry.sandbox.orderbook import Record
from mageferry.sandbox.php import Value, to_number

DISCOUNT_PERCENT = 10
SHIPPING_CENTS = 500
_QUANTITIES = ("qty_canceled", "qty_invoiced", "qty_refunded", "qty_shipped")
_FLAGS = ("free_shipping", "is_qty_decimal", "no_discount")
_ZERO_AMOUNTS = (
    "amount_refunded", "discount_invoiced", "discount_tax_compensation_amount", "row_invoiced",
    "tax_invoiced",
)  # fmt: skip


@dataclass(slots=True)
class Basket:
    items: list[Record] = field(default_factory=list)
    subtotal_cents: int = 0
    tax_cents: int = 0
    discount_cents: int = 0
    shipping_cents: int = 0
    units: int = 0
    weight: Value = 0
    virtual: bool = False
    shipped_share: float = 0.0
    """How much of each line a processing order has shipped."""


@dataclass(slots=True)
class _Till:
    """Adds items to a basket; ``common`` are the fields every item of the order shares."""

    basket: Basket
    item_ids: list[int]
    tax_percent: float
    discount_percent: int
    common: Record

    def add(
        self, good: Good, units: int, *, price_cents: int | None = None, parent: Record | None = None
    ) -> Record:
        """An item of ``units``; one with a parent carries no amounts of its own unless a price is given."""
        unit_cents = good.price_cents if price_cents is None else price_cents
        row_cents = unit_cents * units
        discount_cents = round(row_cents * self.discount_percent / 100)
        tax_cents = round((row_cents - discount_cents) * self.tax_percent / 100)
        item: Record = {
            **self.common,
            "item_id": self.item_ids.pop(0),
            "sku": good.sku,
            "name": good.name,
            # A configurable's own line carries the SKU of the chosen child, but its own product id.
            "product_id": IDS[CONFIGURABLE.sku if good.kind == "configurable" else good.sku],
            "product_type": good.kind,
            "is_virtual": int(good.kind == "virtual"),
            "weight": to_number(good.weight),
            "row_weight": to_number(round(good.weight * units, 4)),
            **_amounts(unit_cents, row_cents, discount_cents, tax_cents, units),
            "discount_percent": self.discount_percent,
            "tax_percent": to_number(self.tax_percent),
            "qty_ordered": units,
            **dict.fromkeys(_QUANTITIES, 0),
            **dict.fromkeys(_FLAGS, 0),
        }
        if parent is not None:
            item["parent_item_id"] = parent["item_id"]
            item["parent_item"] = {key: value for key, value in parent.items() if key != "parent_item"}
        self._count(row_cents, discount_cents, tax_cents, units if parent is None else 0)
        self.basket.items.append(item)
        return item

    def _count(self, row_cents: int, discount_cents: int, tax_cents: int, units: int) -> None:
        self.basket.subtotal_cents += row_cents
        self.basket.discount_cents += discount_cents
        self.basket.tax_cents += tax_cents
        self.basket.units += units


def draw_basket(random: Random, item_ids: list[int], tax_percent: float, common: Record) -> Basket:
    """One to three lines; about one order in ten has a bundle, in seven a configurable, in twelve is
    virtual.
    """
    basket = Basket()
    discount = DISCOUNT_PERCENT if random.random() < 0.25 else 0
    common = {**common, "updated_at": common["created_at"], "extension_attributes": {"itemized_taxes": []}}
    till = _Till(basket, item_ids, tax_percent, discount, common)
    basket.shipped_share = random.choice((0.0, 0.5, 0.0))
    chance = random.random()
    if chance < 0.08:
        till.add(VIRTUAL, 1)
        basket.virtual = True
        return basket
    if chance < 0.18:
        _add_bundle(till)
    elif chance < 0.32:
        child = random.choice(CLOTHING)
        parent = till.add(_as_parent(child), random.randint(1, 3), price_cents=child.price_cents)
        till.add(child, int(str(parent["qty_ordered"])), price_cents=0, parent=parent)
    for good in random.sample(CAMPING, random.randint(1, 2)):
        till.add(good, random.randint(1, 4))
    basket.shipping_cents = SHIPPING_CENTS * (1 + basket.units // 3)
    basket.weight = to_number(round(sum(float(str(item["row_weight"])) for item in basket.items), 4))
    return basket


def _as_parent(child: Good) -> Good:
    return Good(child.sku, CONFIGURABLE.name, 0, child.weight, CONFIGURABLE.kind, child.category_id)


def _add_bundle(till: _Till) -> None:
    price = sum(BY_SKU[sku].price_cents * quantity for sku, quantity in BUNDLE_PARTS)
    parent = till.add(BUNDLE, 1, price_cents=price)
    for sku, quantity in BUNDLE_PARTS:
        till.add(BY_SKU[sku], quantity, price_cents=0, parent=parent)


def _amounts(unit_cents: int, row_cents: int, discount_cents: int, tax_cents: int, units: int) -> Record:
    """Amounts as read back: row totals without the discount, the second pair with tax."""
    net_cents = row_cents - discount_cents
    unit_with_tax = unit_cents + round(tax_cents / units)
    cents = {
        "price": unit_cents,
        "original_price": unit_cents,
        "price_incl_tax": unit_with_tax,
        "row_total": net_cents,
        "row_total_incl_tax": net_cents + tax_cents,
        "discount_amount": discount_cents,
        "tax_amount": tax_cents,
        **dict.fromkeys(_ZERO_AMOUNTS, 0),
    }
    return {f"{prefix}{name}": money(value) for name, value in cents.items() for prefix in ("", "base_")}
