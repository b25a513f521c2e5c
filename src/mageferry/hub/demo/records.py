"""The demo's records: marketplaces, accounts, and a connector for each of the two sandbox shops."""

from __future__ import annotations

from django.db import transaction

from mageferry.hub.connectors.models import AccountMagento, Magento2Connector, Magento2Seller
from mageferry.hub.demo.shops import DemoShop
from mageferry.hub.trade.models import Account, Location, Marketplace, Seller
from mageferry.hub.work import operations
from mageferry.hub.work.models import UnitStatus, WorkUnit

# Account: marketplace, its code, account, its code.
ACCOUNTS = (
    ("Walmart", "walmart", "Walmart", "WMT"),
    ("Amazon", "amazon", "Amazon USA", "AMZ"),
    ("David Jones", "david-jones", "David Jones AU", "DJA"),
    ("Zalando", "zalando", "Zalando", "ZAL"),
    ("Own shop", "own-shop", "Larkfield Store", "LRK"),
)
# Account code, store id, store code, warehouse code, location.
BACK_OFFICE_ROWS = (
    ("WMT", 31, "walmart_us", "us_online", "us"),
    ("AMZ", 32, "amazon_us", "us_online", "us"),
    ("DJA", 33, "david_jones_au", "au_online", "au"),
    ("ZAL", 34, "zalando", "--", None),
)
LOCATIONS = (("US warehouse", "us"), ("AU warehouse", "au"))
STOREFRONT, BACK_OFFICE = "Demo storefront", "Demo back office"


def holds_other_connectors() -> bool:
    """Whether somebody uses this hub for more than the demo."""
    return Magento2Connector.objects.exclude(name__in=(STOREFRONT, BACK_OFFICE)).exists()


def resume_interrupted() -> int:
    """What an interrupted demo left waiting for its shop is due now: the shop is back. Returns how many units."""
    waiting = WorkUnit.objects.filter(status=UnitStatus.RETRY).values_list("pk", flat=True)
    return operations.try_again(list(waiting))


@transaction.atomic
def make_records(shops: list[DemoShop]) -> dict[str, Account]:
    """Create what isn't there yet, and point the connectors at the running shops. Returns the accounts by code."""
    accounts: dict[str, Account] = {}
    for marketplace_name, marketplace_code, name, code in ACCOUNTS:
        marketplace, _ = Marketplace.objects.get_or_create(
            code=marketplace_code, defaults={"name": marketplace_name}
        )
        accounts[code], _ = Account.objects.get_or_create(
            code=code, defaults={"name": name, "marketplace": marketplace}
        )
    locations = {
        code: Location.objects.get_or_create(code=code, defaults={"name": name})[0]
        for name, code in LOCATIONS
    }
    seller, _ = Seller.objects.get_or_create(code="larkfield", defaults={"name": "Larkfield"})
    by_role = {shop.role: shop for shop in shops}
    storefront = _connector(STOREFRONT, by_role["storefront"])
    row, _ = Magento2Seller.objects.get_or_create(
        connector=storefront, store_id=1, account=None, seller=seller, defaults={"store_code": "default"}
    )
    AccountMagento.objects.get_or_create(account=accounts["LRK"], defaults={"magento2_seller": row})
    back_office = _connector(BACK_OFFICE, by_role["back-office"])
    for code, store_id, store_code, warehouse_code, location in BACK_OFFICE_ROWS:
        Magento2Seller.objects.get_or_create(
            connector=back_office,
            store_id=store_id,
            account=accounts[code],
            seller=seller,
            defaults={
                "store_code": store_code,
                "warehouse_code": warehouse_code,
                "location": locations.get(location or ""),
                "export_orders": True,
            },
        )
    return accounts


def _connector(name: str, shop: DemoShop) -> Magento2Connector:
    connector, _ = Magento2Connector.objects.update_or_create(
        name=name,
        defaults={"endpoint": shop.url, "username": shop.username, "password": shop.password, "active": True},
    )
    return connector
