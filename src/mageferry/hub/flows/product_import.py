"""Storing products that were read from a Magento: a page at a time, in one transaction, edited fields left alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from mageferry.hub.connectors.models import Magento2Connector, ProductMagento
from mageferry.hub.flows.stored import Stored
from mageferry.hub.mapping.product_in import ProductRecord
from mageferry.hub.trade.models import Product, sku_key

VALUES = (
    "sku", "name", "product_type", "status", "price", "weight", "attributes", "remote_updated_at",
)  # fmt: skip


@dataclass(slots=True)
class _Page:
    """What a page of records is about, as the hub has it."""

    connector: Magento2Connector
    store_code: str
    products: dict[str, Product]
    by_key: dict[str, list[Product]]
    sides: dict[int, ProductMagento]
    sides_of: dict[int, ProductMagento]
    leaders: dict[int, ProductMagento]


def store_products(
    connector: Magento2Connector, store_code: str, records: Sequence[ProductRecord]
) -> Stored[ProductRecord]:
    """Store a page in one transaction: values per store code, and the product's own values from the one that leads.

    Two products of the shop whose SKUs differ but for case are refused, the second one: the hub can't tell them apart.
    """
    stored: Stored[ProductRecord] = Stored()
    with transaction.atomic():
        page = _look_up(connector, store_code, records)
        created: list[ProductRecord] = []
        for record in records:
            problem = _problem_of(page, record, created)
            if problem:
                stored.refused.append((record, *problem))
            elif _product_of(page, record) is None:
                created.append(record)
        _create_products(page, created)
        refused = {id(record) for record, *_ in stored.refused}
        usable = [record for record in records if id(record) not in refused]
        outcomes = _write_sides(page, usable)
    stored.created = outcomes.count("created")
    stored.updated = outcomes.count("updated")
    stored.unchanged = outcomes.count("unchanged")
    return stored


def _look_up(connector: Magento2Connector, store_code: str, records: Sequence[ProductRecord]) -> _Page:
    skus, keys = {each.sku for each in records}, {sku_key(each.sku) for each in records}
    found = list(Product.objects.filter(Q(sku__in=skus) | Q(sku_key__in=keys)).order_by("pk"))
    by_key: dict[str, list[Product]] = {}
    for product in found:
        by_key.setdefault(sku_key(product.sku), []).append(product)
    here = ProductMagento.objects.filter(magento2_connector=connector, store_code=store_code)
    sides = list(
        here.filter(Q(entity_id__in=[each.entity_id for each in records]) | Q(product__in=found)).order_by()
    )
    leaders = ProductMagento.objects.filter(product__in=found, leads=True).order_by()
    return _Page(
        connector,
        store_code,
        {product.sku: product for product in found},
        by_key,
        {side.entity_id: side for side in sides},
        {side.product_id: side for side in sides},
        {side.product_id: side for side in leaders},
    )


def _product_of(page: _Page, record: ProductRecord) -> Product | None:
    """The product of a SKU: written the same, else the same to Magento."""
    if record.sku in page.products:
        return page.products[record.sku]
    alike = page.by_key.get(sku_key(record.sku), [])
    return alike[0] if len(alike) == 1 else None


def _problem_of(
    page: _Page, record: ProductRecord, created: Iterable[ProductRecord]
) -> tuple[str, str] | None:
    """Why a record can't be stored, and what to do; None when it can."""
    product = _product_of(page, record)
    if product is None:
        alike = [each.sku for each in page.by_key.get(sku_key(record.sku), [])]
        twin = next((each for each in created if sku_key(each.sku) == sku_key(record.sku)), None)
        if alike:
            return (
                f"SKU {record.sku!r} (product {record.entity_id}) could be any of the hub's products "
                f"{', '.join(map(repr, alike))}, which differ only in case or blanks.",
                "Keep one of them in the hub and delete the others.",
            )
        return None if twin is None else _doubled(record, twin.sku, twin.entity_id)
    other = page.sides_of.get(product.pk)
    if other is None or other.entity_id == record.entity_id or other.sku == record.sku:
        # The same SKU with another id: the product was deleted in the shop and made anew.
        return None
    return _doubled(record, other.sku, other.entity_id)


def _doubled(record: ProductRecord, sku: str, entity_id: int) -> tuple[str, str]:
    return (
        f"The shop has the SKU twice: {record.sku!r} (product {record.entity_id}) and {sku!r} (product {entity_id}) "
        "differ only in case or blanks.",
        "Rename or delete one of them in the shop. If the other is gone already, delete its row under Products in "
        "Magento, then retry.",
    )


def _create_products(page: _Page, records: Sequence[ProductRecord]) -> None:
    fresh = [
        Product(
            sku=each.sku,
            sku_key=sku_key(each.sku),
            name=each.name,
            product_type=each.product_type,
            active=each.status == 1,
            price=each.price,
            weight=each.weight,
        )
        for each in records
    ]
    for product in Product.objects.bulk_create(fresh):
        page.products[product.sku] = product
        page.by_key.setdefault(product.sku_key, []).append(product)


def _write_sides(page: _Page, records: Sequence[ProductRecord]) -> list[str]:
    outcomes: list[str] = []
    sides: list[ProductMagento] = []
    products: dict[int, Product] = {}
    led: list[tuple[ProductMagento, Product]] = []
    for record in records:
        product = _product_of(page, record)
        assert product is not None, "a record without a product was refused or got one"
        side = _side_for(page, product, record)
        outcome = "unchanged" if side.pk else "created"
        if _set_values(side, product, record):
            sides.append(side)
            outcome = "updated" if side.pk else outcome
        if _leads(page, side, product):
            led.append((side, product))
            if side.lend_values(product):
                products[product.pk] = product
                outcome = "updated" if outcome == "unchanged" else outcome
        outcomes.append(outcome)
    _save(sides, products.values())
    _take_the_lead(page, led)
    return outcomes


def _side_for(page: _Page, product: Product, record: ProductRecord) -> ProductMagento:
    """The row of a product in this store, or of the shop's product when it has another SKU now, or a new one."""
    side = page.sides_of.pop(product.pk, None)
    by_id = page.sides.pop(record.entity_id, None)
    if side is None and by_id is not None:
        page.sides_of.pop(by_id.product_id, None)
        # It goes to another product, whose values may be another row's.
        by_id.leads = False
        return by_id
    if by_id is not None and by_id is not side:
        # The shop's product took over the SKU of one that is gone; its row under the old SKU is stale.
        page.sides_of.pop(by_id.product_id, None)
        by_id.delete()
    if side is None:
        return ProductMagento(magento2_connector=page.connector, store_code=page.store_code, leads=False)
    page.sides.pop(side.entity_id, None)
    return side


def _set_values(side: ProductMagento, product: Product, record: ProductRecord) -> bool:
    """Take over a record; whether anything is different now."""
    values: dict[str, Any] = {name: getattr(record, name) for name in VALUES}
    values |= {"entity_id": record.entity_id, "product_id": product.pk}
    if side.pk:
        values |= _kept(side, record)
    different = [name for name, value in values.items() if getattr(side, name) != value]
    for name in different:
        setattr(side, name, values[name])
    return bool(different)


def _kept(side: ProductMagento, record: ProductRecord) -> dict[str, Any]:
    """What field mappings fill on new products only: as it is stored."""
    kept: dict[str, Any] = {}
    attributes = dict(record.attributes)
    for name in record.only_new:
        field, _, key = name.partition(".")
        if not key:
            field = "status" if field == "active" else field
            kept[field] = getattr(side, field)
        elif key in side.attributes:
            attributes[key] = side.attributes[key]
    return {**kept, "attributes": attributes}


def _leads(page: _Page, side: ProductMagento, product: Product) -> bool:
    """Whether the product's own values are those of this side: the first one to bring it, unless the default values
    of the same shop come."""
    leader = page.leaders.get(product.pk)
    if leader is None or leader.pk == side.pk:
        return True
    return (
        not page.store_code and bool(leader.store_code) and leader.magento2_connector_id == page.connector.pk
    )


def _save(sides: Sequence[ProductMagento], products: Iterable[Product]) -> None:
    now = timezone.now()
    changed, written = [side for side in sides if side.pk], list(products)
    for side in changed:
        side.updated_at = now
    for product in written:
        product.updated_at = now
    names = [*VALUES, "entity_id", "product", "leads", "updated_at"]
    # Those that are there first: a new one may have an id or a product that one of them gives up.
    ProductMagento.objects.bulk_update(changed, names, batch_size=100)
    ProductMagento.objects.bulk_create([side for side in sides if not side.pk])
    Product.objects.bulk_update(written, [*Product.SHARED_FIELDS, "updated_at"], batch_size=100)


def _take_the_lead(page: _Page, led: Sequence[tuple[ProductMagento, Product]]) -> None:
    new = [(side, product) for side, product in led if not side.leads]
    if new:
        ProductMagento.objects.filter(product__in=[product for _, product in new], leads=True).update(
            leads=False
        )
        ProductMagento.objects.filter(pk__in=[side.pk for side, _ in new]).update(leads=True)
