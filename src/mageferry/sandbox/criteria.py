"""searchCriteria as Magento understood it: filters, sort orders, paging, and their echo in the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from mageferry.sandbox.php import Value
from mageferry.sandbox.refusals import Refusal

_RESTRICTED = re.compile(r"[^a-z0-9_]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Filter:
    field: str | None
    value: str | None
    condition: str


@dataclass(frozen=True, slots=True)
class Sort:
    field: str
    ascending: bool


@dataclass(frozen=True, slots=True)
class Criteria:
    """Groups are joined by AND, the filters within one by OR."""

    groups: tuple[tuple[Filter, ...], ...]
    sorts: tuple[Sort, ...]
    page_size: int | None
    current_page: int | None
    echo: dict[str, Value]


def read_criteria(sent: Value, default_page_size: int = 0) -> Criteria:
    """Criteria from a converted ``framework-search-criteria-interface``. Raises Refusal (400) for bad
    sorts.
    """
    tree = cast("dict[str, Value]", sent if isinstance(sent, dict) else {})
    size = cast("int | None", tree.get("page_size"))
    if size is None and default_page_size:
        size = default_page_size
    groups = [_read_group(group) for group in _maps(tree.get("filter_groups"))]
    sorts = [_check_sort(sort) for sort in _maps(tree.get("sort_orders"))]
    page = cast("int | None", tree.get("current_page"))
    return Criteria(
        groups=tuple(group for group in groups if group),
        sorts=tuple(Sort(name, way == "ASC") for name, way in sorts if name is not None),
        page_size=size,
        current_page=page,
        echo=_echo(tree, groups, sorts, size, page),
    )


def _maps(value: Value) -> list[dict[str, Value]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _read_group(group: dict[str, Value]) -> tuple[Filter, ...]:
    return tuple(
        Filter(
            cast("str | None", entry.get("field")),
            cast("str | None", entry.get("value")),
            cast("str | None", entry.get("condition_type")) or "eq",
        )
        for entry in _maps(group.get("filters"))
    )


def _check_sort(sort: dict[str, Value]) -> tuple[str | None, str | None]:
    for key, value in sort.items():
        if key == "field" and isinstance(value, str) and _RESTRICTED.search(value):
            raise Refusal(400, "Sort order field %1 contains restricted symbols", [value])
        if key == "direction" and str(value).upper() not in ("ASC", "DESC"):
            raise Refusal(
                400,
                "The sort order has to be specified as %1 for ascending order or %2 for descending order.",
                ["ASC", "DESC"],
            )
    direction = sort.get("direction")
    return cast("str | None", sort.get("field")), str(direction).upper() if direction is not None else None


def _echo(
    tree: dict[str, Value],
    groups: list[tuple[Filter, ...]],
    sorts: list[tuple[str | None, str | None]],
    size: int | None,
    page: int | None,
) -> dict[str, Value]:
    shown: dict[str, Value] = {
        "filter_groups": [
            {"filters": [{"field": f.field, "value": f.value, "condition_type": f.condition} for f in group]}
            for group in groups
        ]
    }
    if tree.get("sort_orders"):
        shown["sort_orders"] = [{"field": name, "direction": way} for name, way in sorts]
    if size is not None:
        shown["page_size"] = size
    if page is not None:
        shown["current_page"] = page
    return shown
