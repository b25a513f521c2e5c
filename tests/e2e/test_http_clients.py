"""A person in a browser: an authentication, a client that signs in with a request, and its test panel."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from mageferry.sandbox import Sandbox
from tests.e2e.conftest import Running
from tests.e2e.test_browser import sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.browser]
CANARY = "canary-in-the-browser"


@pytest.fixture
def hub(start: Callable[..., Running], pick_port: Callable[[], int]) -> tuple[str, Running]:
    """A hub on its first start: its address and its process."""
    port = pick_port()
    url = f"http://127.0.0.1:{port}"
    return url, start("up", "--port", str(port), answers_at=f"{url}/health")


def save(page: Page, outcome: str = "was added successfully") -> None:
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text(outcome)).to_be_visible()


def test_a_client_is_made_tried_and_its_requests_read(page: Page, hub: tuple[str, Running]) -> None:
    url, running = hub
    with Sandbox("storefront") as shop:
        sign_in(page, url, running)

        page.goto(f"{url}/admin/pipelines/httpauthenticationrecord/add/")
        page.locator("[name=name]").fill("Fixed token")
        page.locator("[name=code]").fill("fixed")
        page.locator("[name=described-type]").select_option(label="Basic")
        expect(page.locator("[name=described-basic-username]")).to_be_visible()
        page.locator("[name=described-type]").select_option(label="Bearer token")
        expect(page.locator("[name=described-basic-username]")).to_be_hidden()
        page.locator("[name=described-bearer-token]").fill(CANARY)
        save(page)
        expect(page.locator("[name=described-bearer-token]")).to_have_value("")
        expect(page.get_by_text("Stored. Leave empty to keep it.").first).to_be_visible()

        page.goto(f"{url}/admin/pipelines/httpclientrecord/add/")
        page.locator("[name=name]").fill("Storefront")
        page.locator("[name=code]").fill("storefront")
        page.locator("[name=base_uri]").fill(f"{shop.url}/rest")
        page.locator("[name=log_formatter]").select_option(value="long")
        page.locator("[name=own-type]").select_option(label="Request authentication")
        page.locator("[name=own-request-uri]").fill("/V1/integration/admin/token")
        page.locator("[name=own-request-parameters]").fill(f'{{"username": "{shop.username}"}}')
        page.locator("[name=own-request-secrets-name]").first.fill("password")
        page.locator("[name=own-request-secrets-text]").first.fill(shop.password)
        expect(page.locator("[name=own-request-template]")).to_have_value("Bearer &{@[0]}")
        page.get_by_text("Add another Plugin").click()
        page.locator("[name=plugins-0-described-type]").select_option(label="Retry requests on failure")
        expect(page.locator("[name=plugins-0-described-retry-attempts]")).to_have_value("4")
        page.locator("[name=plugins-0-described-type]").select_option(
            label="Add content-type headers to requests"
        )
        expect(page.locator("[name=plugins-0-described-retry-attempts]")).to_be_hidden()
        save(page)
        expect(page.get_by_text("Ready.", exact=True)).to_be_visible()

        page.get_by_label("Path", exact=True).fill("/V1/store/storeViews")
        page.get_by_role("button", name="Send").click()
        answer = page.locator("[data-trial-answer]")
        expect(answer.get_by_text("Authorization: Bearer ********")).to_be_visible()
        expect(answer.get_by_text('"code":"default"')).to_be_visible()
        expect(answer.get_by_text("Stored token: since")).to_be_visible()
        assert shop.password not in page.content()

        page.get_by_label("Path", exact=True).fill("/V1/orders/999999")
        page.get_by_role("button", name="Send").click()
        expect(answer.get_by_text("The server answered 404")).to_be_visible()

        page.goto(f"{url}/admin/pipelines/httprequestrecord/?q=storeViews")
        page.locator("#result_list tbody tr th a").first.click()
        expect(page.get_by_text(re.compile("GET http://.*/rest/V1/store/storeViews")).first).to_be_visible()
        expect(page.get_by_text("Bearer ********").first).to_be_visible()
    assert running.stop() == 0
    assert shop.password not in running.output()
    assert CANARY not in running.output()
