"""What a Magento says of a product: once for its default values, once for each store view that is read."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from mageferry.hub.connectors.models.connector import Magento2Connector
from mageferry.hub.trade.models import Product


class ProductMagento(models.Model):
    """A product as one Magento shows it in one store view; an empty store code stands for the default values."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="magento")
    magento2_connector = models.ForeignKey(
        Magento2Connector, on_delete=models.CASCADE, related_name="products"
    )
    store_code = models.CharField(max_length=32, blank=True, default="")
    entity_id = models.BigIntegerField()
    sku = models.CharField("SKU", max_length=64, help_text="As it is written in Magento.")
    name = models.CharField(max_length=255, blank=True)
    product_type = models.CharField("type", max_length=32, blank=True)
    status = models.PositiveSmallIntegerField(help_text="Magento's: 1 enabled, 2 disabled.")
    price = models.DecimalField(max_digits=20, decimal_places=4, null=True, blank=True)
    weight = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    attributes = models.JSONField(
        default=dict, blank=True, help_text="The attributes chosen in the connector."
    )
    leads = models.BooleanField(
        default=False, help_text="The product's own values are these, where no person changed them."
    )
    remote_updated_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "product_magento"
        verbose_name = "product in Magento"
        verbose_name_plural = "products in Magento"
        ordering = ("product", "magento2_connector", "store_code")
        constraints = (
            # Every remote id is scoped by connector: two Magentos both have a product 15.
            models.UniqueConstraint(
                fields=("magento2_connector", "store_code", "entity_id"), name="product_magento_entity_once"
            ),
            models.UniqueConstraint(
                fields=("product", "magento2_connector", "store_code"), name="product_magento_product_once"
            ),
            models.UniqueConstraint(
                fields=("product",), condition=Q(leads=True), name="product_magento_one_leads"
            ),
        )

    def __str__(self) -> str:
        return f"{self.magento2_connector} {self.store_code or 'default values'}: {self.sku}"

    @property
    def active(self) -> bool:
        """Whether the product is enabled."""
        return self.status == 1

    def lend_values(self, product: Product) -> list[str]:
        """Give a product these values where no person changed them. The fields that are different now; the caller
        saves them."""
        changed = []
        for name in Product.SHARED_FIELDS:
            if name not in product.edited_fields and getattr(product, name) != getattr(self, name):
                setattr(product, name, getattr(self, name))
                changed.append(name)
        return changed
