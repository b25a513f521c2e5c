"""The ERP's list of products as it writes it: XML, or CSV with semicolons and decimal commas."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from xml.etree import ElementTree

from mageferry.sandbox.examples.erp.ledger import Record

_HEAD = ("Article", "Title", "NetPrice", "WeightKg", "Blocked", "Changed")


def products_as_xml(products: Sequence[Record], page: int, size: int, total: int) -> str:
    """``<products page total><product article=..><title>..``"""
    root = ElementTree.Element("products", {"page": str(page), "size": str(size), "total": str(total)})
    for product in products:
        entry = ElementTree.SubElement(root, "product", {"article": product["article"]})
        for name in ("title", "net_price", "weight_kg", "changed"):
            ElementTree.SubElement(entry, name).text = str(product[name])
        ElementTree.SubElement(entry, "blocked").text = "true" if product["blocked"] else "false"
    return ElementTree.tostring(root, "unicode", xml_declaration=True) + "\n"


def products_as_csv(products: Sequence[Record]) -> str:
    """A head, then a line for each product; the number of all is in the header X-Total-Count."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(_HEAD)
    for product in products:
        writer.writerow(
            (
                product["article"],
                product["title"],
                _decimal(product["net_price"], 2),
                _decimal(product["weight_kg"], 3),
                "J" if product["blocked"] else "N",
                product["changed"],
            )
        )
    return text.getvalue()


def _decimal(value: float, places: int) -> str:
    return f"{value:.{places}f}".replace(".", ",")
