"""Categories as a list shows them, made from the tree that an export holds."""

from __future__ import annotations

from collections.abc import Iterator

from mageferry.sandbox.orderbook import Record, records
from mageferry.sandbox.php import Value, to_int

ROOT_ID = 1
DEFAULT_CATEGORY_ID = 2
"""Made by the installation, which also says that it shows products; others say so only once they are edited."""


def walk_categories(tree: Record, path: str = "") -> Iterator[tuple[Record, str]]:
    """Every category of the tree with its path of ids, parents first."""
    if not tree:
        return
    own = f"{path}/{tree['id']}" if path else str(tree["id"])
    yield tree, own
    for child in records(tree.get("children_data")):
        yield from walk_categories(child, own)


def category_entry(category: Record, path: str, now: str) -> Record:
    """A category in the form of ``GET /V1/categories/list`` and ``/V1/categories/:id``; made ``now`` unless the
    tree says when.
    """
    number = to_int(category["id"])
    children = [str(child["id"]) for child in records(category.get("children_data"))]
    below = sum(1 for _ in walk_categories(category)) - 1
    active: Record = {} if category.get("is_active") is None else {"is_active": category["is_active"]}
    times = {name: category.get(name) or now for name in ("created_at", "updated_at")}
    attributes: list[Value] = [
        {"attribute_code": "path", "value": path},
        {"attribute_code": "children_count", "value": str(below)},
    ]
    if number == DEFAULT_CATEGORY_ID:
        attributes.insert(0, {"attribute_code": "display_mode", "value": "PRODUCTS"})
    return {
        "id": number,
        "parent_id": category.get("parent_id"),
        "name": category.get("name"),
        **active,
        "position": category.get("position"),
        "level": category.get("level"),
        "children": ",".join(children),
        **times,
        "path": path,
        "include_in_menu": True,
        "custom_attributes": attributes,
    }
