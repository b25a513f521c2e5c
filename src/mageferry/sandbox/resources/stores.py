"""Store views, groups, websites, their configuration, and the list of modules."""

from __future__ import annotations

from mageferry.sandbox.orderbook import records
from mageferry.sandbox.php import Value
from mageferry.sandbox.routing import Call, route

_EXAMPLE_MODULES = ("Magento_Store", "Magento_Sales", "Magento_Catalog", "Magento_InventoryApi")


def list_store_views(call: Call) -> Value:
    return call.shop.document("store_views")


def list_store_groups(call: Call) -> Value:
    return call.shop.document("store_groups")


def list_websites(call: Call) -> Value:
    """All websites, the one that the request's store view belongs to first."""
    own = call.shop.store_by_code(call.store_code).get("website_id", 0)
    websites = records(call.shop.document("websites"))
    return [*sorted(websites, key=lambda website: website.get("id") != own)]


def list_modules(call: Call) -> Value:
    return call.shop.document("modules") or list(_EXAMPLE_MODULES)


def list_store_configs(call: Call) -> Value:
    """Configurations of all store views, or of the codes asked for, with the shop's own address in the
    URLs.
    """
    wanted = call.arguments.get("storeCodes")
    shown: list[Value] = []
    for config in records(call.shop.document("store_configs")):
        if not isinstance(wanted, list) or config.get("code") in wanted:
            shown.append({key: _own_address(value, config, call.base_url) for key, value in config.items()})
    return shown


def _own_address(value: Value, config: dict[str, Value], base_url: str) -> Value:
    """URLs of an export point at the shop it came from; a client must be sent back here instead."""
    origin = str(config.get("base_url") or "").rstrip("/")
    if isinstance(value, str) and origin and value.startswith(origin):
        return base_url + value.removeprefix(origin)
    return value


_RESOURCE = "Magento_Backend::store"
ROUTES = (
    route("GET", "/V1/store/storeViews", _RESOURCE, list_store_views),
    route("GET", "/V1/store/storeGroups", _RESOURCE, list_store_groups),
    route("GET", "/V1/store/websites", _RESOURCE, list_websites),
    route("GET", "/V1/store/storeConfigs", _RESOURCE, list_store_configs, "storeCodes:*str?"),
    route("GET", "/V1/modules", "Magento_Webapi::webapi", list_modules),
)
