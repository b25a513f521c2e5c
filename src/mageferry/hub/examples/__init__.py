"""Worked examples as lines of an export, shipped with the hub and imported by their names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Example:
    """One file of lines. `title`: what it connects."""

    name: str
    title: str
    content: bytes


_TITLES = {
    "marketplace": "A marketplace with OAuth 2 and pages by next links: orders in, shipments and refunds out",
    "erp": "An ERP with basic authentication and numbered pages: stock and products in, sales orders out",
}


def all_examples() -> Iterator[Example]:
    """The examples there are."""
    for name, title in _TITLES.items():
        yield Example(name, title, (files(__package__) / f"{name}.ndjson").read_bytes())
