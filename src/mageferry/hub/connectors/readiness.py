"""Whether a connector works: signs in and reads the store views, and says what is wrong in words."""

from __future__ import annotations

from dataclasses import dataclass

from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.connectors.shop import open_shop
from mageferry.magento.errors import MagentoError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found out about a connector: fine or not, in words, with what to do."""

    fine: bool
    text: str
    remedy: str = ""


def test_connection(connector: Magento2Connector) -> Finding:
    """Sign in, read the store views, compare them with the seller rows. Stores the error on the connector."""
    finding = _look(connector)
    error, remedy = ("", "") if finding.fine else (finding.text, finding.remedy)
    Magento2Connector.objects.filter(pk=connector.pk).update(error=error, remedy=remedy)
    return finding


def _look(connector: Magento2Connector) -> Finding:
    try:
        with open_shop(connector) as shop:
            views = shop.store_views()
    except MagentoError as error:
        return Finding(False, error.message, error.remedy)
    known = {view["id"]: view["code"] for view in views}
    shown = ", ".join(f"{number} {code}" for number, code in sorted(known.items()) if number)
    for row in connector.sellers.all():
        if row.store_id not in known:
            return Finding(
                False,
                f"The connection works, but the shop has no store {row.store_id}.",
                f"Its store views are: {shown}. Correct the Store ID of that row.",
            )
        if row.store_code and row.store_code != known[row.store_id]:
            return Finding(
                False,
                f"The connection works, but store {row.store_id} has the code {known[row.store_id]}, "
                f"not {row.store_code}.",
                "Correct the Store Code of that row.",
            )
    return Finding(True, f"The connection works. Store views: {shown}.")
