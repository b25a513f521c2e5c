"""A Magento product, read into the hub's terms. Pure: no database, no network."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mageferry.hub.mapping.fields import Fields, Texts, UnusableRecord

ENABLED, DISABLED = 1, 2
SKU_LENGTH = 64
_SKU = Texts({"sku": SKU_LENGTH})
_TEXTS = Texts({"name": 255, "type_id": 32})
# What a column of 12 digits with 4 places takes.
_WEIGHT_LIMIT = Decimal(10) ** 8
_LONGEST_VALUE = 20_000


@dataclass(frozen=True, slots=True)
class ProductRecord:
    """A product in one store view: price and weight are None where it has none (a bundle, a download).

    `only_new`: fields, as `name` or `attributes.brand`, that stay as they are when the hub has the product.
    """

    entity_id: int
    sku: str
    name: str
    product_type: str
    status: int
    price: Decimal | None
    weight: Decimal | None
    attributes: dict[str, Any]
    remote_updated_at: dt.datetime | None
    only_new: frozenset[str] = frozenset()

    @property
    def number(self) -> str:
        """What people know it by."""
        return self.sku


def read_product(raw: Any, attribute_codes: Sequence[str] = ()) -> ProductRecord:
    """Check one row of GET /V1/products and read what the hub keeps. Raises UnusableRecord."""
    if not isinstance(raw, Mapping):
        raise UnusableRecord(f"A product is not an object: {raw!r:.60}.")
    fields = Fields(raw, f"Product {raw.get('sku')!r:.70}")
    entity_id = fields.id("id")
    (sku,) = fields.texts(_SKU)
    if not sku.strip():
        raise fields.refusal("sku", "is empty")
    name, product_type = fields.texts(_TEXTS)
    if raw.get("status") not in (ENABLED, DISABLED, "1", "2"):
        raise fields.refusal("status", f"is neither 1 (enabled) nor 2 (disabled): {raw.get('status')!r:.20}")
    weight = _optional_amount(fields, raw, "weight")
    if weight is not None and abs(weight) >= _WEIGHT_LIMIT:
        raise fields.refusal("weight", "is out of range")
    return ProductRecord(
        entity_id=entity_id,
        # Blanks around it are no part of it, to Magento's database either.
        sku=sku.strip(),
        name=name,
        product_type=product_type,
        status=int(raw["status"]),
        price=_optional_amount(fields, raw, "price"),
        weight=weight,
        attributes=_attributes(fields, raw, attribute_codes),
        remote_updated_at=fields.moment("updated_at") if raw.get("updated_at") else None,
    )


def _optional_amount(fields: Fields, raw: Mapping[str, Any], name: str) -> Decimal | None:
    if raw.get(name) in (None, ""):
        return None
    return fields.amounts((name,))[0]


def _attributes(fields: Fields, raw: Mapping[str, Any], codes: Sequence[str]) -> dict[str, Any]:
    """The chosen attributes that the product has, as Magento writes them: an option is its number."""
    if not codes:
        return {}
    custom = raw.get("custom_attributes")
    values = {
        entry["attribute_code"]: entry.get("value")
        for entry in (custom if isinstance(custom, list) else [])
        if isinstance(entry, Mapping) and isinstance(entry.get("attribute_code"), str)
    }
    found = {code: values.get(code, raw.get(code)) for code in codes}
    for code, value in found.items():
        if "\x00" in str(value) or len(str(value)) > _LONGEST_VALUE:
            raise fields.refusal(code, f"is too long, or holds a NUL character: {value!r:.40}")
    return {code: value for code, value in found.items() if value is not None}
