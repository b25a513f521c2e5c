"""What a connection's readiness looks like, asked of a sandbox shop over real HTTP."""

from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any

import httpx2
import pytest

from mageferry.magento import AdminToken, Magento, OAuth, resources
from mageferry.magento.diagnosis import (
    CREATE_ORDERS,
    REFUND,
    SHIP,
    Expectations,
    Finding,
    Level,
    WriteProbe,
    diagnose,
)
from mageferry.magento.shop_clock import ShopClock
from mageferry.sandbox import Sandbox
from tests.magento.oauth_shop import KEYS

READS = (resources.ORDERS, resources.PRODUCTS, resources.SOURCE_ITEMS)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("back-office", password="Pa55word1") as shop:
        shop.shop.access.add_account(
            "reader",
            "Pa55word2",
            resources=frozenset({"Magento_Sales::actions_view", "Magento_Backend::store"}),
        )
        yield shop


def asked(
    url: str, expected: Expectations, username: str = "admin", password: str = "Pa55word1"
) -> list[Finding]:
    with Magento(url, AdminToken(username, password), sleep=lambda _: None, retry=None) as shop:
        return shop.run(diagnose(shop.plans, expected))


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def first_store(sandbox: Sandbox) -> tuple[int, str]:
    view = next(view for view in sandbox.shop.store_views() if view["id"])
    return int(str(view["id"])), str(view["code"])


def test_a_connection_that_is_ready_has_only_good_findings(sandbox: Sandbox) -> None:
    expected = Expectations(stores=(first_store(sandbox),), reads=READS, writes=(CREATE_ORDERS,))
    findings = asked(sandbox.url, expected)
    assert {finding.level for finding in findings} == {Level.OK}
    names = ["connection", "clock", "read orders", "read products", "read source items", "create orders"]
    assert set(names) <= set(by_name(findings))
    assert "Store views: " in by_name(findings)["connection"].text


def test_asking_changes_nothing_in_the_shop(sandbox: Sandbox) -> None:
    orders = sandbox.shop.database.value("SELECT COUNT(*) FROM sales_order")
    asked(sandbox.url, Expectations(writes=(CREATE_ORDERS, SHIP, REFUND)))
    assert sandbox.shop.database.value("SELECT COUNT(*) FROM sales_order") == orders


def test_stores_and_sources_that_do_not_exist_are_named(sandbox: Sandbox) -> None:
    number, _ = first_store(sandbox)
    expected = Expectations(stores=((999, ""), (number, "another")), sources=("default", "nowhere"), reads=())
    found = by_name(asked(sandbox.url, expected))
    assert "no store 999" in found["store 999"].text
    assert "not another" in found[f"store {number}"].text
    assert (found["source default"].level, found["source nowhere"].level) == (Level.OK, Level.FAIL)


def test_missing_permissions_are_told_one_by_one_from_what_works(sandbox: Sandbox) -> None:
    found = by_name(
        asked(sandbox.url, Expectations(reads=READS, writes=(CREATE_ORDERS,)), "reader", "Pa55word2")
    )
    assert found["read orders"].level is Level.OK
    assert found["read products"].text == "Not permitted: Magento_Catalog::products"
    assert found["create orders"].text == "Not permitted: Magento_Sales::create"
    assert "User Roles" in found["create orders"].remedy


def test_a_wrong_password_ends_the_questions_at_once(sandbox: Sandbox) -> None:
    findings = asked(sandbox.url, Expectations(reads=READS), password="wrong")
    assert [(finding.name, finding.level) for finding in findings] == [("connection", Level.FAIL)]
    assert "locked" in findings[0].remedy


def test_a_limit_of_the_page_size_is_found_and_kept_to(sandbox: Sandbox) -> None:
    sandbox.shop.settings.set("webapi/validation/maximum_page_size", "20")
    try:
        finding = by_name(asked(sandbox.url, Expectations(page_size=300)))["page size"]
    finally:
        sandbox.shop.settings.reset()
    assert finding.level is Level.WARN
    assert "at most 20 records" in finding.text


def test_a_shop_that_cannot_be_reached_is_one_finding() -> None:
    findings = asked("http://127.0.0.1:1", Expectations(reads=READS))
    assert [finding.name for finding in findings] == ["connection"]
    assert "cannot be reached" in findings[0].text


def diagnosed(
    answer: Callable[[httpx2.Request], httpx2.Response], expected: Expectations, **options: Any
) -> Any:
    url = options.pop("url", "https://shop.example")
    shop = Magento(url, OAuth(*KEYS), transport=httpx2.MockTransport(answer), retry=None)
    return by_name(shop.run(diagnose(shop.plans, expected)))


def views(**headers: str) -> Callable[[httpx2.Request], httpx2.Response]:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("storeViews"):
            return httpx2.Response(200, json=[{"id": 1, "code": "default"}], headers=headers)
        return httpx2.Response(404, json={"message": "Request does not match any route."})

    return answer


@pytest.mark.parametrize(
    ("shop_time", "level", "text"),
    [
        (1_000_000, Level.OK, "agree"),
        (1_000_000 - 300, Level.WARN, "300 seconds ahead"),
        (1_000_000 + 7200, Level.FAIL, "7200 seconds behind"),
    ],
)
def test_clocks_are_compared_by_the_shops_answers(shop_time: int, level: Level, text: str) -> None:
    shop = Magento(
        "https://shop.example",
        OAuth(*KEYS),
        transport=httpx2.MockTransport(views(Date=formatdate(shop_time, usegmt=True))),
    )
    shop.plans.clock = ShopClock(lambda: 1_000_000.0)
    finding = by_name(shop.run(diagnose(shop.plans, Expectations(reads=()))))["clock"]
    assert finding.level is level
    assert text in finding.text


def test_a_shop_without_inventory_management_is_recognised() -> None:
    found = diagnosed(views(), Expectations(reads=(resources.SOURCE_ITEMS,), sources=("default",)))
    # Nothing else is there either.
    assert "Magento_CatalogInventory" in found["read stock items"].remedy
    assert (found["sources"].level, "Write --" in found["sources"].remedy) == (Level.WARN, True)
    assert found["clock"].level is Level.WARN


def test_an_unprotected_connection_is_warned_about() -> None:
    assert "http://" in diagnosed(views(), Expectations(), url="http://shop.example")["encryption"].text
    assert "certificate" in diagnosed(views(), Expectations(verifies_tls=False))["encryption"].text
    assert "encryption" not in diagnosed(views(), Expectations())


@pytest.mark.parametrize(
    ("answer", "level", "text"),
    [
        (httpx2.Response(400, json={"message": "An ID is needed."}), Level.OK, "Permitted"),
        (httpx2.Response(500, json={"message": "Internal Error."}), Level.WARN, "Not known"),
        (httpx2.Response(200, json=True), Level.WARN, "without data"),
        (
            httpx2.Response(404, json={"message": "Request does not match any route."}),
            Level.FAIL,
            "module is off",
        ),
    ],
)
def test_a_write_is_probed_without_a_record(answer: httpx2.Response, level: Level, text: str) -> None:
    def reply(request: httpx2.Request) -> httpx2.Response:
        return answer if request.method == "POST" else views()(request)

    probe = WriteProbe("ship", "POST", "/V1/order/0/ship", "Magento_Sales::ship")
    finding = diagnosed(reply, Expectations(reads=(), writes=(probe,)))["ship"]
    assert finding.level is level
    assert text in finding.text


def test_store_views_that_may_not_be_read_do_not_end_the_questions() -> None:
    refusal = {
        "message": "The consumer isn't authorized to access %resources.",
        "parameters": {"resources": "Magento_Backend::store"},
    }

    def reply(request: httpx2.Request) -> httpx2.Response:
        if "storeViews" in request.url.path:
            return httpx2.Response(401, json=refusal)
        return httpx2.Response(200, json={"items": [], "total_count": 0})

    found = diagnosed(reply, Expectations())
    assert (found["store views"].level, found["read orders"].level) == (Level.WARN, Level.OK)


def test_what_is_no_shop_is_no_connection() -> None:
    found = diagnosed(lambda _: httpx2.Response(200, json={"hello": "world"}), Expectations())
    assert list(found) == ["connection"]
