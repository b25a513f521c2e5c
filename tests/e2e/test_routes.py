"""A person in a browser builds a route from one system to another: step by step, runs it, and mends what failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Running
from tests.e2e.test_browser import reload_until, sign_in
from tests.http.local_server import Say, Seen
from tests.hub.routes.erp import Erp, serving_erp

pytestmark = [pytest.mark.e2e, pytest.mark.browser]


@pytest.fixture
def hub(start: Callable[..., Running], pick_port: Callable[[], int]) -> tuple[str, Running]:
    """A hub on its first start: its address and its process."""
    port = pick_port()
    url = f"http://127.0.0.1:{port}"
    return url, start("up", "--port", str(port), answers_at=f"{url}/health")


@pytest.fixture
def shop() -> Iterator[Erp]:
    """A system with two orders, the second of which is refused where it is sent to as long as it has no branch."""
    with serving_erp() as erp:
        erp.orders = [{"number": "W-1", "total": 11}, {"number": "W-2", "total": 12}]
        erp.faults = [refuse_without_branch]
        yield erp


def refuse_without_branch(seen: Seen) -> Say | None:
    lacks = seen.method == "POST" and b'"W-2"' in seen.body and b'"Berlin"' not in seen.body
    return Say(422, {"message": "The branch is missing"}) if lacks else None


def begin(page: Page, url: str, model: str, name: str, code: str) -> None:
    page.goto(f"{url}/admin/{model}/add/")
    page.locator("[name=name]").fill(name)
    page.locator("[name=code]").fill(code)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()


def option(page: Page, path: str, box: str = "input") -> Locator:
    """The box of an option by its path."""
    return page.locator(f"[data-path='{path}'] {box}").first


def build_incoming(page: Page, url: str) -> None:
    begin(page, url, "routes/incoming", "Orders in", "orders-in")
    page.locator("[name=type]").select_option("http")
    page.locator("[name=client]").select_option(label="ERP")
    option(page, "request.path").fill("/orders")
    page.get_by_role("button", name="Run this step: send the request").click()
    expect(page.locator("[data-step-answer=request]").get_by_text('"number": "W-1"')).to_be_visible()

    option(page, "items.pattern").fill("rows")
    page.get_by_role("button", name="Run this step: find the items").click()
    expect(page.locator("[data-step-answer=items]").get_by_text("finds nothing")).to_be_visible()
    option(page, "items.pattern").fill("orders")
    page.get_by_role("button", name="Run this step: find the items").click()
    expect(page.locator("[data-step-answer=items]").get_by_text("2 received")).to_be_visible()

    page.get_by_label("Add to input transformers").select_option("set")
    page.get_by_label("Add to input transformers").select_option("set")
    option(page, "transformers[0].target").fill("wrong")
    option(page, "transformers[1].target").fill("currency")
    option(page, "transformers[1].value", "textarea").fill("EUR")
    page.get_by_label("Move Set a field up").nth(1).click()
    page.get_by_label("Remove Set a field").nth(1).click()
    expect(option(page, "transformers[0].target")).to_have_value("currency")
    option(page, "entities.identifier", "textarea").fill("number")
    page.get_by_role("button", name="Run all steps: make entities").click()
    expect(page.locator("[data-step-answer=entities]").get_by_text("W-1, W-2")).to_be_visible()
    save(page)


def build_outgoing(page: Page, url: str) -> None:
    begin(page, url, "routes/outgoing", "Sales out", "sales-out")
    page.locator("[name=type]").select_option("http")
    page.locator("[name=client]").select_option(label="ERP")
    page.get_by_role("button", name="Save", exact=True).click()
    problem = page.locator("[data-path='request.path'] .described-problem")
    expect(problem).to_have_text("Is missing. Give it a value.")
    option(page, "request.path").fill("/sales")
    option(page, "request.body", "textarea").fill('{"number": "&{number}",')
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("This is no JSON")).to_be_visible()
    option(page, "request.body", "textarea").fill('{"number": "&{number}", "branch": "&{branch || \'\'}"}')
    page.locator("#try-entity").fill('{"number": "X-9"}')
    page.get_by_role("button", name="Show the requests").click()
    expect(page.locator("[data-panel-answer]").get_by_text('"number": "X-9"')).to_be_visible()
    save(page)


def test_a_route_is_built_run_and_mended(page: Page, hub: tuple[str, Running], shop: Erp) -> None:
    url, running = hub
    sign_in(page, url, running)
    begin(page, url, "pipelines/httpclientrecord", "ERP", "erp")
    page.locator("[name=base_uri]").fill(shop.url)
    save(page)
    build_incoming(page, url)
    build_outgoing(page, url)
    assert shop.posted == [], "nothing was sent while it was built"

    begin(page, url, "routes/route", "Orders", "orders")
    page.locator("[name=incoming]").select_option(label="Orders in")
    page.locator("[name=outgoing]").select_option(label="Sales out")
    save(page)
    page.get_by_role("link", name="Open", exact=True).click()
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_text("runs as soon as a worker is free")).to_be_visible()
    reload_until(page, f"{url}/admin/routes/routetask/?status=failed", "The branch is missing")

    page.locator("#result_list tbody a").first.click()
    expect(page.get_by_text("Attempt 1")).to_be_visible()
    expect(page.get_by_text("Mend what the message names")).to_be_visible()
    page.get_by_label("As it came; edit it and retry").fill('{"number": "W-2", "branch": "Berlin"}')
    page.get_by_role("button", name="Save the entity and retry").click()
    expect(page.get_by_text("it is due with its new entity").first).to_be_visible()
    reload_until(page, page.url, "201")
    assert [sale["number"] for sale in shop.made["/sales"]] == ["W-1", "W-2"]
    assert running.stop() == 0
