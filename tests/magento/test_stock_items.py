"""Stock items of a shop without sources, against a sandbox over HTTP."""

from collections.abc import Iterator

import pytest

from mageferry.magento import AdminToken, ConfigurationError, Magento, Secret, Transient
from mageferry.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("storefront", products=20) as shop:
        shop.control.set_setting("sandbox/inventory/enabled", "0")
        yield shop


def connect(sandbox: Sandbox) -> Magento:
    return Magento(sandbox.url, AdminToken(sandbox.username, Secret(sandbox.password)), sleep=lambda _: None)


def test_a_shop_without_sources_says_so(sandbox: Sandbox) -> None:
    with connect(sandbox) as shop, pytest.raises(ConfigurationError) as caught:
        list(shop.source_items.pages())
    assert caught.value.template == "Request does not match any route."


def test_all_stock_items_are_read_page_by_page(sandbox: Sandbox) -> None:
    with connect(sandbox) as shop:
        pages = list(shop.stock_items.pages(page_size=7))
        known = {row["id"]: row["sku"] for row in shop.products.all()}
    rows = [row for page in pages for row in page.items]
    assert {known[row["product_id"]] for row in rows} == set(known.values())
    assert len(rows) == len(known)
    assert pages[0].remaining == len(known) - 7
    lamp = next(row for row in rows if known[row["product_id"]] == "LF-LAMP")
    assert (lamp["qty"], lamp["is_in_stock"]) == (250, True)


def test_a_list_that_moved_is_read_once_more(sandbox: Sandbox) -> None:
    with connect(sandbox) as shop:
        count = shop.products.count()
        pages = shop.stock_items.pages(page_size=15)
        seen = [row["product_id"] for row in next(pages).items]
        # What lies before moves up by one: the second page would miss a row.
        shop.delete("/V1/products/LF-LAMP")
        seen += [row["product_id"] for page in pages for row in page.items]
    assert len(set(seen)) == count
    assert len(seen) > count


def test_a_list_that_never_holds_still_is_no_complete_read(sandbox: Sandbox) -> None:
    with connect(sandbox) as shop:
        spare = iter(range(1, 21))

        def read() -> None:
            for _ in shop.stock_items.pages(page_size=5):
                shop.delete(f"/V1/products/BULK-{next(spare):07d}")

        with pytest.raises(Transient, match="changed while it was read"):
            read()
