"""The demo shops' goods: one small table, turned into products as Magento's REST interface shows them."""

from __future__ import annotations

from dataclasses import dataclass

from mageferry.sandbox.orderbook import Record
from mageferry.sandbox.php import Value, to_number

CREATED_AT = "2026-01-15 08:00:00"
COLOR_ATTRIBUTE = 93
SIZE_ATTRIBUTE = 144
COLORS = {"Moss": 21, "Slate": 22}
SIZES = {"M": 31, "L": 32}


@dataclass(frozen=True, slots=True)
class Good:
    """``price_cents`` before tax; ``kind`` is Magento's product type."""

    sku: str
    name: str
    price_cents: int
    weight: float = 1.0
    kind: str = "simple"
    category_id: int = 3
    stock: int = 250


CAMPING = (
    Good("LF-TENT-2", "Larkfield Two-Person Tent", 18900, 2.4),
    Good("LF-TENT-4", "Larkfield Family Tent", 32900, 5.1),
    Good("LF-BAG-0C", "Larkfield Sleeping Bag 0 °C", 9950, 1.3),
    Good("LF-BAG-10C", "Larkfield Sleeping Bag -10 °C", 14950, 1.7),
    Good("LF-MAT-FOAM", "Foam Sleeping Mat", 2499, 0.5),
    Good("LF-MAT-AIR", "Inflatable Sleeping Mat", 6999, 0.7),
    Good("LF-STOVE", "Compact Gas Stove", 4495, 0.3),
    Good("LF-POT-SET", "Nesting Pot Set", 5499, 0.9),
    Good("LF-LAMP", "Rechargeable Camp Lamp", 3250, 0.4),
    Good("LF-BOTTLE-1L", "Steel Bottle 1 l", 1999, 0.3, stock=1200),
    Good("LF-MUG/ENAMEL", "Enamel Mug", 899, 0.2, stock=2000),
    Good("LF-ROPE 20M", "Guy Rope 20 m", 1299, 0.4),
    Good("LF-PACK-40", "Trail Pack 40 l", 12900, 1.2),
    Good("LF-PACK-65", "Trek Pack 65 l", 17900, 1.9),
    Good("LF-FILTER", "Water Filter", 3999, 0.2, stock=0),
    Good("LF-TOWEL", "Quick-Dry Towel", 1750, 0.2),
)
CLOTHING = (
    Good("LF-SHIRT-Moss-M", "Merino Shirt Moss M", 5900, 0.2, category_id=4),
    Good("LF-SHIRT-Moss-L", "Merino Shirt Moss L", 5900, 0.2, category_id=4),
    Good("LF-SHIRT-Slate-M", "Merino Shirt Slate M", 5900, 0.2, category_id=4),
    Good("LF-SHIRT-Slate-L", "Merino Shirt Slate L", 5900, 0.2, category_id=4),
)
CONFIGURABLE = Good("LF-SHIRT", "Merino Shirt", 0, 0.2, "configurable", 4, 0)
BUNDLE = Good("LF-COOK-KIT", "Camp Kitchen", 0, 0.0, "bundle", 3, 0)
BUNDLE_PARTS = (("LF-STOVE", 1), ("LF-POT-SET", 1), ("LF-MUG/ENAMEL", 2))
VIRTUAL = Good("LF-COURSE", "Navigation Course, One Day", 7900, 0.0, "virtual", 3, 60)

GOODS = (*CAMPING, *CLOTHING, CONFIGURABLE, BUNDLE, VIRTUAL)
BY_SKU = {good.sku: good for good in GOODS}
IDS = {good.sku: number for number, good in enumerate(GOODS, 1)}

MARKETPLACE_SKUS: tuple[str, ...] = tuple(good.sku for good in (*CAMPING, *CLOTHING))
"""What marketplace orders carry: every SKU here can be shipped by the demo back office."""


def money(cents: float) -> Value:
    """Cents as the API shows an amount."""
    whole = round(cents)
    return whole / 100 if whole % 100 else whole // 100


def products(website_ids: list[Value]) -> list[Record]:
    return [_product(good, website_ids) for good in GOODS]


def _product(good: Good, website_ids: list[Value]) -> Record:
    extension: Record = {
        "website_ids": website_ids,
        "category_links": [{"position": 0, "category_id": str(good.category_id)}],
        **_type_options(good),
    }
    child = good.sku.startswith("LF-SHIRT-")
    return {
        "id": IDS[good.sku],
        "sku": good.sku,
        "name": good.name,
        "attribute_set_id": 4,
        "price": money(good.price_cents),
        "status": 1,
        "visibility": 1 if child else 4,
        "type_id": good.kind,
        "created_at": CREATED_AT,
        "updated_at": f"2026-02-{1 + IDS[good.sku]:02d} 09:30:00",
        "weight": to_number(good.weight),
        "extension_attributes": extension,
        "product_links": [],
        "options": [],
        "media_gallery_entries": [],
        "tier_prices": [],
        "custom_attributes": _custom_attributes(good),
    }


def _custom_attributes(good: Good) -> list[Value]:
    values: dict[str, Value] = {
        "options_container": "container2",
        "url_key": "-".join("".join(c if c.isalnum() else " " for c in good.name.lower()).split()),
        "required_options": "0",
        "has_options": "0",
        "tax_class_id": "2",
        "category_ids": [str(good.category_id)],
        "description": f"<p>{good.name}, made for long weekends outdoors.</p>",
    }
    if good.sku.startswith("LF-SHIRT-"):
        _, _, color, size = good.sku.split("-")
        values |= {"color": str(COLORS[color]), "size": str(SIZES[size])}
    if good is BUNDLE:
        # 0: the bundle is shipped as a whole, 1: its parts are shipped separately.
        values["shipment_type"] = "0"
    return [{"attribute_code": code, "value": value} for code, value in values.items()]


def _type_options(good: Good) -> Record:
    if good is CONFIGURABLE:
        links: list[Value] = [IDS[child.sku] for child in CLOTHING]
        return {
            "configurable_product_options": [
                _configurable_option(1, COLOR_ATTRIBUTE, "Color", list(COLORS.values())),
                _configurable_option(2, SIZE_ATTRIBUTE, "Size", list(SIZES.values())),
            ],
            "configurable_product_links": links,
        }
    if good is BUNDLE:
        return {
            "bundle_product_options": [_bundle_option(n, *part) for n, part in enumerate(BUNDLE_PARTS, 1)]
        }
    return {}


def _configurable_option(number: int, attribute_id: int, label: str, indexes: list[int]) -> Value:
    return {
        "id": number,
        "attribute_id": str(attribute_id),
        "label": label,
        "position": number - 1,
        "values": [{"value_index": index} for index in indexes],
        "product_id": IDS[CONFIGURABLE.sku],
    }


def _bundle_option(number: int, sku: str, quantity: int) -> Value:
    link: Value = {
        "id": str(number),
        "sku": sku,
        "option_id": number,
        "qty": quantity,
        "position": 0,
        "is_default": True,
        "price": money(BY_SKU[sku].price_cents),
        "price_type": None,
        "can_change_quantity": 0,
    }
    return {
        "option_id": number,
        "title": BY_SKU[sku].name,
        "required": True,
        "type": "radio",
        "position": number,
        "sku": BUNDLE.sku,
        "product_links": [link],
    }


_SCOPES = dict.fromkeys(("price", "special_price", "cost", "status", "tax_class_id"), "website")


def attributes() -> list[Record]:
    """The product attributes that the demo products use, in short form."""
    kinds = {
        "name": "varchar", "sku": "static", "price": "decimal", "weight": "decimal", "status": "int",
        "visibility": "int", "description": "text", "url_key": "varchar", "tax_class_id": "int",
        "category_ids": "static", "created_at": "static", "updated_at": "static", "special_price": "decimal",
        "cost": "decimal", "color": "int", "size": "int", "shipment_type": "int",
    }  # fmt: skip
    own_ids = {"color": COLOR_ATTRIBUTE, "size": SIZE_ATTRIBUTE}
    return [
        {
            "attribute_id": own_ids.get(code, 200 + number),
            "attribute_code": code,
            "backend_type": backend,
            "entity_type_id": "4",
            "frontend_input": "select" if code in own_ids else "text",
            "default_frontend_label": code.replace("_", " ").title(),
            "is_required": code in ("name", "sku", "price"),
            "is_user_defined": code in own_ids,
            "is_unique": str(int(code == "sku")),
            "scope": "global"
            if code in ("sku", "weight", "shipment_type", *own_ids)
            else _SCOPES.get(code, "store"),
            "options": _options(code),
            "frontend_labels": [],
            "validation_rules": [],
        }
        for number, (code, backend) in enumerate(kinds.items())
    ]


def _options(code: str) -> list[Value]:
    choices = {"color": COLORS, "size": SIZES}.get(code, {})
    return [{"label": label, "value": str(index)} for label, index in choices.items()]
