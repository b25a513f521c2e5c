"""What decides a product's values: the shop's, those that a person edited, and when all are read again."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from mageferry.hub.connectors.models import Magento2Connector, ProductMagento
from mageferry.hub.trade.models import Product
from mageferry.hub.work.marks import reset_mark

FULL_READ = "get_products_full"
"""The mark of the last run of Get Products that read all products."""


def read_all_again(connector: Magento2Connector) -> None:
    """The next run of Get Products reads all products of the connector."""
    for row in connector.sellers.all():
        reset_mark(row.scope, FULL_READ)


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
