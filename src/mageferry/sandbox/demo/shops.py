"""The two demo shops: a storefront that sells, and a back office that marketplace orders are brought to."""

from __future__ import annotations

from dataclasses import dataclass, field

from mageferry.sandbox.demo import goods
from mageferry.sandbox.orderbook import Record
from mageferry.sandbox.php import Value, to_number


@dataclass(frozen=True, slots=True)
class View:
    """A store view with a website and a group of its own, unless another view shares them."""

    store_id: int
    code: str
    name: str
    website_id: int
    currency: str
    country_id: str
    locale: str = "en_US"
    timezone: str = "America/New_York"


@dataclass(frozen=True, slots=True)
class DemoShop:
    name: str
    websites: dict[int, tuple[str, str]]
    views: tuple[View, ...]
    sources: dict[str, tuple[str, str]]
    orders: int
    source_shares: dict[str, int] = field(default_factory=dict)
    """Percent of a product's stock at each source."""


STOREFRONT = DemoShop(
    "storefront",
    {1: ("base", "Larkfield US"), 2: ("europe", "Larkfield Europe")},
    (
        View(1, "default", "US Store", 1, "USD", "US"),
        View(2, "eu_de", "Deutscher Laden", 2, "EUR", "DE", "de_DE", "Europe/Berlin"),
        View(3, "eu_fr", "Boutique française", 2, "EUR", "FR", "fr_FR", "Europe/Paris"),
    ),
    {"default": ("Default Source", "US"), "wh_leipzig": ("Leipzig Warehouse", "DE")},
    48,
    {"default": 100, "wh_leipzig": 40},
)
BACK_OFFICE = DemoShop(
    "back-office",
    {1: ("base", "Head Office"), 2: ("australia", "Australia"), 3: ("europe", "Europe")},
    (
        View(1, "default", "Head Office", 1, "USD", "US"),
        View(31, "walmart_us", "Walmart US", 1, "USD", "US"),
        View(32, "amazon_us", "Amazon US", 1, "USD", "US"),
        View(33, "david_jones_au", "David Jones AU", 2, "AUD", "AU", "en_AU", "Australia/Sydney"),
        View(34, "zalando", "Zalando", 3, "EUR", "DE", "de_DE", "Europe/Berlin"),
    ),
    {
        "default": ("Default Source", "US"),
        "us_online": ("US Online Warehouse", "US"),
        "au_online": ("AU Online Warehouse", "AU"),
    },
    0,
    {"default": 20, "us_online": 100, "au_online": 50},
)
DEMOS = {shop.name: shop for shop in (STOREFRONT, BACK_OFFICE)}

GERMAN_NAMES = {"LF-LAMP": "Campinglampe mit Akku", "LF-TENT-2": "Zelt für zwei", "LF-STOVE": "Gaskocher"}
MODULES: tuple[Value, ...] = (
    "Magento_Store", "Magento_Config", "Magento_Directory", "Magento_Customer", "Magento_Catalog",
    "Magento_Sales", "Magento_Shipping", "Magento_Integration", "Magento_Webapi", "Magento_WebapiAsync",
    "Magento_AsynchronousOperations",
    "Magento_Inventory", "Magento_InventoryApi", "Magento_InventorySalesApi", "Magento_Bundle",
    "Magento_ConfigurableProduct",
)  # fmt: skip


def documents(shop: DemoShop, base_url: str = "http://shop.example") -> dict[str, Value]:
    return {
        "store_views": [_admin_view(), *(_view(view) for view in shop.views)],
        "store_groups": _groups(shop),
        "websites": _websites(shop),
        "store_configs": [_config(view, base_url) for view in shop.views],
        "modules": list(MODULES),
        "categories": _categories(),
    }


def _admin_view() -> Value:
    return {"id": 0, "code": "admin", "name": "Admin", "website_id": 0, "store_group_id": 0, "is_active": 1}


def _view(view: View) -> Value:
    return {
        "id": view.store_id,
        "code": view.code,
        "name": view.name,
        "website_id": view.website_id,
        "store_group_id": view.website_id,
        "is_active": 1,
    }


def _groups(shop: DemoShop) -> list[Value]:
    groups: list[Value] = [
        {
            "id": 0,
            "website_id": 0,
            "root_category_id": 0,
            "default_store_id": 0,
            "name": "Default",
            "code": "default",
        }
    ]
    for number, (code, name) in shop.websites.items():
        first = next(view for view in shop.views if view.website_id == number)
        groups.append(
            {
                "id": number,
                "website_id": number,
                "root_category_id": 2,
                "default_store_id": first.store_id,
                "name": f"{name} Store",
                "code": f"{code}_store",
            }
        )
    return groups


def _websites(shop: DemoShop) -> list[Value]:
    admin: Value = {"id": 0, "code": "admin", "name": "Admin", "default_group_id": 0}
    others: list[Value] = [
        {"id": number, "code": code, "name": name, "default_group_id": number}
        for number, (code, name) in shop.websites.items()
    ]
    return [admin, *others]


def _config(view: View, base_url: str) -> Value:
    urls: Record = {
        f"{secure}base_{part}url": f"{base_url}/{path}"
        for secure in ("", "secure_")
        for part, path in (("", ""), ("link_", ""), ("static_", "static/"), ("media_", "media/"))
    }
    return {
        "id": view.store_id,
        "code": view.code,
        "website_id": view.website_id,
        "locale": view.locale,
        "base_currency_code": view.currency,
        "default_display_currency_code": view.currency,
        "timezone": view.timezone,
        "weight_unit": "kgs",
        **urls,
    }


def _categories() -> Value:
    def category(number: int, parent: int, name: str, level: int, children: list[Value]) -> Value:
        count = sum(good.category_id == number for good in goods.GOODS)
        return {
            "id": number,
            "parent_id": parent,
            "name": name,
            "is_active": True,
            "position": 1,
            "level": level,
            "product_count": count,
            "children_data": children,
        }

    leaves = [category(3, 2, "Camping", 2, []), category(4, 2, "Clothing", 2, [])]
    return category(1, 0, "Root Catalog", 0, [category(2, 1, "Default Category", 1, leaves)])


def lists(shop: DemoShop) -> dict[str, list[Record]]:
    return {
        "products": goods.products(list(shop.websites)),
        "product_attributes": goods.attributes(),
        "attribute_sets": [
            {"attribute_set_id": 4, "attribute_set_name": "Default", "sort_order": 1, "entity_type_id": 4}
        ],
        "sources": [_source(code, *about) for code, about in shop.sources.items()],
        "stocks": _stocks(shop),
        "stock_source_links": _links(shop),
        "source_items": _source_items(shop),
    }


def store_values(shop: DemoShop) -> dict[str, Record]:
    """What single store views show instead, by SKU and store code: German names where there is a German
    view.
    """
    codes = [view.code for view in shop.views if view.locale == "de_DE"]
    return {sku: {code: {"name": name} for code in codes} for sku, name in GERMAN_NAMES.items() if codes}


def _source(code: str, name: str, country_id: str) -> Record:
    return {
        "source_code": code,
        "name": name,
        "enabled": True,
        "country_id": country_id,
        "postcode": "00000",
        "use_default_carrier_config": True,
        "carrier_links": [],
        "extension_attributes": {"is_pickup_location_active": False, "frontend_name": name},
    }


def _stocks(shop: DemoShop) -> list[Record]:
    channels: dict[int, list[Value]] = {}
    for number, (code, _) in shop.websites.items():
        channels.setdefault(1 if number == 1 else 2, []).append({"type": "website", "code": code})
    names = {1: "Default Stock", 2: "Overseas Stock"}
    return [
        {"stock_id": number, "name": names[number], "extension_attributes": {"sales_channels": sold}}
        for number, sold in channels.items()
    ]


def _links(shop: DemoShop) -> list[Record]:
    return [
        {"stock_id": 1 if country == "US" else 2, "source_code": code, "priority": number}
        for number, (code, (_, country)) in enumerate(shop.sources.items(), 1)
    ]


def _source_items(shop: DemoShop) -> list[Record]:
    return [
        {"sku": good.sku, "source_code": code, "quantity": quantity, "status": int(quantity > 0)}
        for code, share in shop.source_shares.items()
        for good in goods.GOODS
        if good.kind in ("simple", "virtual")
        for quantity in [to_number(good.stock * share // 100)]
    ]
