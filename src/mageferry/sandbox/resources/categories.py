"""Categories: the tree, the list over them, and one by its id."""

from __future__ import annotations

from mageferry.sandbox.listing import Listing
from mageferry.sandbox.orderbook import Record, record, records
from mageferry.sandbox.php import to_int
from mageferry.sandbox.refusals import no_such_entity
from mageferry.sandbox.resources.catalog import invalid_attribute
from mageferry.sandbox.resources.orders import CRITERIA, list_page
from mageferry.sandbox.routing import Answer, Call, Rendered, route
from mageferry.sandbox.tables import CATEGORIES


def get_category_tree(call: Call) -> Answer:
    """The tree below the root that was asked for, else below the store group's root category."""
    tree = record(call.shop.document("categories"))
    wanted = to_int(call.arguments.get("rootCategoryId")) or _root_category(call)
    found = _find_category(tree, wanted)
    if found is None:
        raise no_such_entity("id", wanted)
    return found


def _root_category(call: Call) -> int:
    view = call.shop.store_by_code(call.store_code)
    for group in records(call.shop.document("store_groups")):
        if group.get("id") == view.get("store_group_id"):
            return to_int(group.get("root_category_id")) or 1
    return 1


def _find_category(category: Record, wanted: int) -> Record | None:
    if category.get("id") == wanted:
        return category
    for child in records(category.get("children_data")):
        found = _find_category(child, wanted)
        if found is not None:
            return found
    return None


def list_categories(call: Call) -> Answer:
    listing = Listing(CATEGORIES, unknown_filter=invalid_attribute, unknown_sort=lambda _: None)
    return list_page(call, listing)


def get_category(call: Call) -> Answer:
    """One category by its id. Raises Refusal (404)."""
    key = call.number("categoryId")
    body = call.shop.database.body(CATEGORIES, key)
    if body is None:
        raise no_such_entity("id", key)
    return Rendered(body)


_CATEGORIES = "Magento_Catalog::categories"
ROUTES = (
    route("GET", "/V1/categories", _CATEGORIES, get_category_tree, "rootCategoryId:int?"),
    route("GET", "/V1/categories/list", _CATEGORIES, list_categories, CRITERIA),
    route(
        "GET",
        "/V1/categories/:categoryId",
        _CATEGORIES,
        get_category,
        "categoryId:int storeId:int?",
    ),
)
