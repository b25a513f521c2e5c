"""The REST API's resources of products and stock."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router
from ninja.pagination import LimitOffsetPagination, paginate

from mageferry.hub.api import shapes
from mageferry.hub.api.access import MAY_SEE_GOODS, require
from mageferry.hub.flows.get_products import unknown_skus
from mageferry.hub.trade.models import LocationQuantity, Product, sku_key

router = Router()


@router.get("/products", response=list[shapes.ProductShape])
@paginate(LimitOffsetPagination)
def products(
    request: HttpRequest, sku: str = "", active: bool | None = None, edited: bool | None = None
) -> QuerySet[Product]:
    """Products by SKU: one of them (case doesn't count), the active ones, or those that a person edited."""
    require(request, MAY_SEE_GOODS)
    found = Product.objects.order_by("sku")
    if sku:
        found = found.filter(Q(sku=sku) | Q(sku_key=sku_key(sku)))
    if active is not None:
        found = found.filter(active=active)
    if edited is not None:
        found = found.exclude(edited_fields=[]) if edited else found.filter(edited_fields=[])
    return found


@router.get("/products/{int:pk}", response=shapes.ProductDetail)
def product(request: HttpRequest, pk: int) -> Product:
    """One product with its stock and what each shop says of it."""
    require(request, MAY_SEE_GOODS)
    whole = Product.objects.prefetch_related(
        "quantities__location", "quantities__product", "magento__magento2_connector"
    )
    return get_object_or_404(whole, pk=pk)


@router.get("/products/unknown-skus", response=list[str])
@paginate(LimitOffsetPagination)
def skus_without_product(request: HttpRequest) -> Any:
    """SKUs of order items that no product has."""
    require(request, MAY_SEE_GOODS)
    return unknown_skus()


@router.get("/stock", response=list[shapes.Quantity])
@paginate(LimitOffsetPagination)
def stock(request: HttpRequest, location: str = "", sku: str = "") -> QuerySet[LocationQuantity]:
    """Quantities: at a location (name or code), of a SKU."""
    require(request, MAY_SEE_GOODS)
    found = LocationQuantity.objects.select_related("product", "location").order_by(
        "product__sku", "location__code"
    )
    if location:
        found = found.filter(Q(location__name__iexact=location) | Q(location__code__iexact=location))
    if sku:
        found = found.filter(Q(product__sku=sku) | Q(product__sku_key=sku_key(sku)))
    return found
