"""Stock and products that others tell of, such as an ERP."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from django.db import IntegrityError, transaction
from django.db.models import Q
from pydantic import StringConstraints

from mageferry.hub.exchange.errors import RefusedEntity, UnknownSubject
from mageferry.hub.exchange.plans import EntityPlan, Kept, Outcome
from mageferry.hub.exchange.shapes import Amount, Entity, Money, Weight, said
from mageferry.hub.trade.models import Account, Location, LocationQuantity, Product, sku_key

Sku = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class StockEntity(Entity):
    """How much of a product lies at a location."""

    sku: Sku = said("SKU of a product that the hub knows; case doesn't count.")
    location: Annotated[str, StringConstraints(min_length=1, max_length=100)] = said(
        "Name or code of the location."
    )
    quantity: Amount = said("How much lies there; below 0 (sold before it came) is kept as 0.")


class ProductEntity(Entity):
    """A product, known by its SKU. What is left out stays as it is; so does what a person edited in the hub."""

    sku: Sku = said("SKU; a product whose SKU differs in case only is the same.")
    name: str | None = said("What it is called.", None, max_length=255)
    product_type: str | None = said("Type as Magento calls it.", None, max_length=32)
    active: bool | None = said("Whether it is sold.", None)
    price: Money | None = said("Price of one.", None)
    weight: Weight | None = said("Weight of one.", None)


def plan_stock(entity: StockEntity, account: Account | None) -> EntityPlan:
    """Raises UnknownSubject for a product or location that the hub doesn't have, RefusedEntity for a SKU that could be
    several products'."""
    product = _product_of(entity.sku)
    if product is None:
        raise UnknownSubject(
            "product",
            f"The hub has no product {entity.sku}.",
            "Take the product over first, by Get Products or as an entity.",
        )
    location = _location_of(entity.location)
    subject = f"Stock of {product} at {location}"
    quantity, origin = max(entity.quantity, Decimal(0)), f"exchange {account.code if account else ''}".strip()
    known = LocationQuantity.objects.filter(product=product, location=location).first()
    if known is None:
        foreseen = Outcome.CREATED
    else:
        same = (known.quantity, known.origin) == (quantity, origin)
        foreseen = Outcome.UNCHANGED if same else Outcome.UPDATED

    @transaction.atomic
    def store() -> Kept:
        shelf, is_new = LocationQuantity.objects.select_for_update().get_or_create(
            product=product, location=location, defaults={"quantity": quantity, "origin": origin}
        )
        if is_new:
            return Kept(Outcome.CREATED, subject, shelf.pk)
        if (shelf.quantity, shelf.origin) == (quantity, origin):
            return Kept(Outcome.UNCHANGED, subject, shelf.pk)
        shelf.quantity, shelf.origin = quantity, origin
        shelf.save(update_fields=["quantity", "origin", "updated_at"])
        return Kept(Outcome.UPDATED, subject, shelf.pk)

    return EntityPlan("stock", subject, foreseen, store)


def plan_product(entity: ProductEntity, _account: Account | None) -> EntityPlan:
    """Raises RefusedEntity for a SKU that could be several products'."""
    product = _product_of(entity.sku)
    if product is None:
        foreseen = Outcome.CREATED
    else:
        foreseen = Outcome.UPDATED if _changes(product, entity) else Outcome.UNCHANGED
    subject = f"Product {product or entity.sku}"
    return EntityPlan("product", subject, foreseen, lambda: _store_product(entity, subject))


@transaction.atomic
def _store_product(entity: ProductEntity, subject: str) -> Kept:
    product = _product_of(entity.sku, lock=True)
    if product is None:
        try:
            with transaction.atomic():
                given = entity.model_dump(exclude_none=True)
                return Kept(Outcome.CREATED, subject, Product.objects.create(**given).pk)
        except IntegrityError:
            # Somebody else made it just now.
            product = Product.objects.select_for_update().get(sku=entity.sku)
    changed = _changes(product, entity)
    for name, value in changed.items():
        setattr(product, name, value)
    if changed:
        product.save(update_fields=[*changed, "updated_at"])
    return Kept(Outcome.UPDATED if changed else Outcome.UNCHANGED, subject, product.pk)


def _changes(product: Product, entity: ProductEntity) -> dict[str, object]:
    given = entity.model_dump(exclude_none=True, exclude={"sku"})
    return {
        name: value
        for name, value in given.items()
        if name not in product.edited_fields and getattr(product, name) != value
    }


def _product_of(sku: str, *, lock: bool = False) -> Product | None:
    """The product with this SKU: written the same, else the same to Magento. Raises RefusedEntity for several."""
    products = Product.objects.select_for_update() if lock else Product.objects.all()
    found = list(products.filter(Q(sku=sku) | Q(sku_key=sku_key(sku))).order_by("pk"))
    exact = [product for product in found if product.sku == sku]
    if not exact and len(found) > 1:
        raise RefusedEntity(
            f"sku {sku!r} could be any of the products {', '.join(repr(each.sku) for each in found)}, which differ "
            "only in case or blanks.",
            "Keep one of them in the hub and delete the others, or write the SKU as it is there.",
        )
    return next(iter(exact or found), None)


def _location_of(text: str) -> Location:
    found = list(Location.objects.filter(Q(code__iexact=text) | Q(name__iexact=text))[:2])
    if len(found) == 1:
        return found[0]
    if not found:
        raise UnknownSubject(
            "location", f"The hub has no location {text!r}.", "Add it under Locations, or correct the name."
        )
    raise RefusedEntity(
        f"location {text!r} is the code of one location and the name of another.",
        "Rename one of the two, or name this one by the other.",
    )
