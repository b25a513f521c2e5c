"""The ``fields`` parameter: which parts of an answer to keep (Magento's FieldsFilter, quirks included)."""

from __future__ import annotations

import re

from mageferry.sandbox.php import Value

type Tree = dict[str, Tree | None]

_NOT_ALLOWED = re.compile(r"[^\w\[\],]", re.ASCII)
_TOKEN = re.compile(r"[\[\],]|[^\[\],]+")


def parse_fields(text: Value) -> Tree | None:
    """``items[sku],total_count`` as a tree; None for what Magento cannot read, a blank after a comma
    included.
    """
    if not isinstance(text, str) or not text or _NOT_ALLOWED.search(text):
        return None
    current: Tree = {}
    name = ""
    open_levels: list[tuple[Tree, str]] = []
    for token in _TOKEN.findall(text):
        if token == "[":
            open_levels.append((current, name))
            current = {}
        elif token == "]":
            if not open_levels:
                return None
            inner = current
            current, parent = open_levels.pop()
            current[parent] = inner
        elif token != ",":
            name = token
            current[name] = None
    return None if open_levels else current


def project(value: Value, fields: Value) -> Value:
    """The chosen parts of an array answer; ``[]`` when the filter is unknown or unreadable."""
    tree = parse_fields(fields)
    if tree is None or not isinstance(value, list | dict):
        return [] if isinstance(value, list | dict) else value
    return _apply(value, tree)


def _apply(value: list[Value] | dict[str, Value], tree: Tree) -> Value:
    if isinstance(value, list) or not value:
        # An empty list comes back as null: Magento never assigns the result of a loop that does not run.
        return [_pick(item, tree) for item in value] if value else None
    return _pick(value, tree)


def _pick(value: Value, tree: Tree) -> Value:
    if not isinstance(value, dict):
        return []
    kept: dict[str, Value] = {}
    for key, item in value.items():
        if key not in tree:
            continue
        branch = tree[key]
        kept[key] = _apply(item, branch) if branch is not None and isinstance(item, list | dict) else item
    return kept or []
