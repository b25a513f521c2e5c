"""Giving what a person edited on products back to the shops."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from mageferry.hub.connectors.models import ProductMagento
from mageferry.hub.trade.models import Product


@transaction.atomic
def give_back(products: QuerySet[Product]) -> int:
    """Forget which fields a person changed, and take over the shop's values at once. How many products had any."""
    edited = list(products.exclude(edited_fields=[]).distinct().order_by("pk"))
    leaders = {
        each.product_id: each for each in ProductMagento.objects.filter(product__in=edited, leads=True)
    }
    for product in edited:
        product.edited_fields = []
        if product.pk in leaders:
            leaders[product.pk].lend_values(product)
        product.save(update_fields=["edited_fields", *Product.SHARED_FIELDS, "updated_at"])
    return len(edited)
