"""The hub of one run: a connector for each of the two shops, an account for each."""

from __future__ import annotations

from dataclasses import dataclass

from mageferry.hub.connectors.models import AccountMagento, Magento2Connector, Magento2Seller
from mageferry.hub.trade.models import Account, Marketplace
from mageferry.sandbox import Sandbox

STORE_OF_MARKETPLACE = 32
# Read time-out of requests; also how long an unclear write is given to arrive.
TIMEOUT_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Records:
    """What a run is about: the row that exports to the back office, and the row that reads the storefront."""

    marketplace: Account
    own_shop: Account
    back_office: Magento2Seller
    storefront: Magento2Seller


def make_records(back_office: Sandbox, storefront: Sandbox) -> Records:
    marketplace = Marketplace.objects.create(code="market", name="Market")
    market = Account.objects.create(code="MKT", name="Market", marketplace=marketplace)
    own = Account.objects.create(code="OWN", name="Own shop", marketplace=marketplace)
    export = Magento2Seller.objects.create(
        connector=_connector("Back office", back_office), account=market, store_id=STORE_OF_MARKETPLACE,
        store_code="amazon_us", export_orders=True, get_shipments=True, create_return=True,
    )  # fmt: skip
    reading = Magento2Seller.objects.create(
        connector=_connector("Storefront", storefront), store_id=1, store_code="default", get_orders=True,
        create_shipments=True, create_return=True,
    )  # fmt: skip
    AccountMagento.objects.create(account=own, magento2_seller=reading)
    return Records(market, own, export, reading)


def _connector(name: str, shop: Sandbox) -> Magento2Connector:
    return Magento2Connector.objects.create(
        name=name, endpoint=shop.url, username=shop.username, password=shop.password, active=True, concurrency=6,
        timeout_seconds=TIMEOUT_SECONDS,
    )  # fmt: skip
