"""A person in a browser: signs in, creates a connector, tests it, gets its orders and sees them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from mageferry.sandbox import Sandbox
from tests.e2e.conftest import Running
from tests.hub.plain_shop import all_orders

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
FIRST_SIGN_IN = re.compile(r"Sign in as (\S+) with the password (\S+)")


@pytest.fixture
def hub(start: Callable[..., Running], pick_port: Callable[[], int]) -> tuple[str, Running]:
    """A hub on its first start: its address and its process."""
    port = pick_port()
    url = f"http://127.0.0.1:{port}"
    return url, start("up", "--port", str(port), answers_at=f"{url}/health")


def sign_in(page: Page, url: str, running: Running) -> None:
    found = FIRST_SIGN_IN.search(running.output())
    assert found, running.output()
    page.goto(url)
    page.get_by_label("Username").fill(found[1])
    page.get_by_label("Password").fill(found[2])
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("No connector yet")).to_be_visible()


def add(page: Page, url: str, kind: str, **values: str) -> None:
    """Fill in an "add" page and save it."""
    page.goto(f"{url}/admin/{kind}/add/")
    for name, value in values.items():
        field = page.locator(f"[name={name}]")
        if field.evaluate("element => element.tagName") == "SELECT":
            field.select_option(label=value)
        else:
            field.fill(value)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()


def count_of_readable_orders(shop: Sandbox) -> int:
    """How many orders of store 1 a connector reads by default."""
    statuses = ("processing", "complete", "canceled", "closed", "holded")
    return sum(1 for order in all_orders(shop) if order["store_id"] == 1 and order["status"] in statuses)


def reload_until(page: Page, url: str, text: str) -> None:
    """Look at a page again and again until it says something."""
    for _ in range(60):
        page.goto(url)
        if page.get_by_text(text).count():
            return
        page.wait_for_timeout(500)
    pytest.fail(f"{url} never said {text!r}")


def test_from_first_sign_in_to_the_first_orders(page: Page, hub: tuple[str, Running]) -> None:
    url, running = hub
    with Sandbox("storefront") as shop:
        sign_in(page, url, running)
        add(page, url, "trade/marketplace", name="Own shop", code="own")
        add(page, url, "trade/account", marketplace="Own shop", name="Larkfield", code="LRK")

        page.goto(f"{url}/admin/connectors/magento2connector/add/")
        page.locator("[name=name]").fill("Storefront")
        page.locator("[name=endpoint]").fill(shop.url)
        page.locator("[name=username]").fill(shop.username)
        page.locator("[name=password]").fill("wrong")
        page.locator("[name=active]").check()
        page.get_by_text("Add another Seller row").click()
        page.locator("[name=sellers-0-store_id]").fill("1")
        page.get_by_role("button", name="Save and continue editing").click()
        expect(page.get_by_text("was added successfully")).to_be_visible()

        page.get_by_role("link", name="Test connection").click()
        expect(page.get_by_text("account sign-in was incorrect").first).to_be_visible()
        page.locator("[name=password]").fill(shop.password)
        page.get_by_role("button", name="Save and continue editing").click()
        expect(page.get_by_text("was changed successfully")).to_be_visible()
        assert shop.password not in page.content()
        page.get_by_role("link", name="Test connection").click()
        expect(page.get_by_text("The connection works. Store views: 1 default")).to_be_visible()

        add(
            page, url, "connectors/accountmagento", account="Larkfield", magento2_seller="Storefront: store 1"
        )
        page.goto(url)
        page.get_by_role("button", name="Run now").click()
        expect(page.get_by_text("starts as soon as a worker is free")).to_be_visible()
        wanted = count_of_readable_orders(shop)
        reload_until(page, url, f"{wanted} created")
        page.goto(f"{url}/admin/trade/order/")
        expect(page.get_by_text(f"{wanted} orders")).to_be_visible()
        page.locator("#result_list tbody tr th a").first.click()
        expect(page.locator("[name=grand_total]")).not_to_have_value("")
        page.locator("a[href='#items']").click()
        expect(page.locator("[name=items-0-sku]")).to_be_visible()
        page.locator("a[href='#history']").click()
        expect(page.get_by_text("Taken over from Magento").first).to_be_visible()
    assert running.stop() == 0
    assert "nothing is lost" in running.output()
