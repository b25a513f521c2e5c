"""magento2_seller: the rows inside a connector, and the accounts whose orders come from them."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Coalesce

from mageferry.hub.connectors.models.connector import Magento2Connector
from mageferry.hub.trade.models import Account, Location, Seller

NO_WAREHOUSE = ("", "--")


class Magento2Seller(models.Model):
    """A row of a connector: whose orders, stock and products go to which store and warehouse of the Magento."""

    connector = models.ForeignKey(Magento2Connector, on_delete=models.CASCADE, related_name="sellers")
    seller = models.ForeignKey(
        Seller, null=True, blank=True, on_delete=models.PROTECT, related_name="magento2_sellers"
    )
    store_id = models.PositiveIntegerField("store ID", help_text="Id of the store view in Magento.")
    location = models.ForeignKey(
        Location, null=True, blank=True, on_delete=models.PROTECT, related_name="magento2_sellers"
    )
    account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.PROTECT, related_name="magento2_sellers"
    )
    store_code = models.CharField(max_length=32, blank=True)
    warehouse_code = models.CharField(
        max_length=255, blank=True, help_text="Source code of the warehouse (MSI). Blank or -- means none."
    )
    get_orders = models.BooleanField(default=True, help_text="Only for a row that an account is linked to.")
    get_inventory = models.BooleanField(default=False)
    export_orders = models.BooleanField(default=False)
    get_products = models.BooleanField(default=False)
    create_shipments = models.BooleanField(default=False)
    create_return = models.BooleanField(default=False)
    get_shipments = models.BooleanField(default=False)
    sent_customer_notification = models.BooleanField(default=False)
    export_orders_per_seller = models.BooleanField(default=False)

    class Meta:
        db_table = "magento2_seller"
        verbose_name = "Magento 2 seller"
        ordering = ("connector", "store_id", "id")
        constraints = (
            models.UniqueConstraint(
                "connector",
                "store_id",
                Coalesce("account", 0),
                Coalesce("seller", 0),
                name="magento2_seller_once",
                violation_error_message="This connector already has a row with this store, account and seller.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.connector}: store {self.store_id} {self.store_code}".rstrip()

    @property
    def scope(self) -> str:
        """The row's name in the ledger."""
        return f"magento2_seller:{self.pk}"

    @property
    def source_code(self) -> str | None:
        """The warehouse's source code, None when the row has no warehouse."""
        code = self.warehouse_code.strip()
        return None if code in NO_WAREHOUSE else code


class AccountMagento(models.Model):
    """Where the orders downloaded from a Magento are stored."""

    account = models.OneToOneField(
        Account, primary_key=True, on_delete=models.CASCADE, related_name="magento"
    )
    magento2_seller = models.OneToOneField(
        Magento2Seller,
        verbose_name="Magento 2 seller",
        on_delete=models.CASCADE,
        related_name="account_magento",
    )

    class Meta:
        db_table = "account_magento"
        verbose_name = "account in Magento"
        verbose_name_plural = "accounts in Magento"

    def __str__(self) -> str:
        return f"{self.account} from {self.magento2_seller}"
