"""Bulk writes against a sandbox shop over HTTP; waiting runs the shop's consumers instead of sleeping."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from mageferry.magento import (
    AdminToken,
    AsyncMagento,
    BulkOptions,
    BulkProgress,
    Magento,
    OperationStatus,
    Secret,
    SignInError,
    Unclear,
)
from mageferry.magento.bulk import NO_CONSUMER, STALLED
from mageferry.sandbox import Sandbox

SKUS = ["LF-LAMP", "LF-FILTER", "LF-TENT-2", "LF-TENT-4", "LF-PACK-40", "LF-ROPE 20M"]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A shop whose consumers run only when they are told to."""
    with Sandbox("back-office") as shop:
        shop.control.set_setting("sandbox/async/delay_seconds", "")
        yield shop


def connect(sandbox: Sandbox, wait: Callable[[float], object] | None = None) -> Magento:
    return Magento(
        sandbox.url,
        AdminToken(sandbox.username, Secret(sandbox.password)),
        sleep=wait or (lambda _: sandbox.control.run_consumers()),
    )


def stock(*skus: str, quantity: float = 7) -> list[dict[str, Any]]:
    return [{"sku": sku, "source_code": "us_online", "quantity": quantity, "status": 1} for sku in skus]


def quantities(shop: Magento) -> dict[str, float]:
    return {
        row["sku"]: row["quantity"] for row in shop.source_items.all() if row["source_code"] == "us_online"
    }


def test_quantities_are_written_by_the_consumers(sandbox: Sandbox) -> None:
    told: list[BulkProgress] = []
    with connect(sandbox) as shop:
        report = shop.bulk.save_source_items(
            stock(*SKUS), options=BulkOptions(batch_size=2, items_per_operation=2), watch=told.append
        )
        found = quantities(shop)
    assert (report.complete, report.failures) == (6, ())
    assert {sku: found[sku] for sku in SKUS} == dict.fromkeys(SKUS, 7)
    assert sandbox.control.count_requests("POST", "/rest/async/bulk/V1/inventory/source-items") == 2
    assert told[0] == BulkProgress(total=6, accepted=4, complete=0, failed=0)
    assert told[-1] == BulkProgress(total=6, accepted=6, complete=6, failed=0)
    assert [each.open for each in told] == [4, 6, 6, 0, 0]


def test_the_one_at_fault_is_named_and_the_others_of_its_operation_are_written(sandbox: Sandbox) -> None:
    items = [*stock(*SKUS), {**stock("LF-TOWEL")[0], "source_code": "nowhere"}]
    with connect(sandbox) as shop:
        report = shop.bulk.save_source_items(items)
        found = quantities(shop)
    (failure,) = report.failures
    assert (failure.name, failure.status) == ("LF-TOWEL", OperationStatus.FAILED)
    assert failure.message == "Could not save Source Item"
    assert "Correct" in failure.remedy
    assert report.complete == 6
    assert found["LF-FILTER"] == 7


def test_products_are_created_and_changed_and_each_failure_has_its_sku(sandbox: Sandbox) -> None:
    products = [
        {"sku": "NEW-1", "name": "Tarp", "attribute_set_id": 4, "price": 49, "type_id": "simple"},
        {"sku": "LF-LAMP", "price": 31.5},
        {"sku": "BROKEN-1", "name": "No set", "price": 1},
    ]
    with connect(sandbox) as shop:
        report = shop.bulk.save_products(products)
        assert shop.products.get("NEW-1", store_code="all")["price"] == 49
        assert shop.products.get("LF-LAMP", store_code="all")["price"] == 31.5
    assert {each.name: each.message for each in report.failures} == {
        "BROKEN-1": "Invalid product data: Invalid attribute set entity type"
    }


def test_what_failed_for_now_is_sent_again_alone(sandbox: Sandbox) -> None:
    sandbox.control.fail_operations(2)
    with connect(sandbox) as shop:
        report = shop.bulk.save_source_items(stock(*SKUS), options=BulkOptions(items_per_operation=1))
        assert dict.fromkeys(SKUS, 7).items() <= quantities(shop).items()
    assert report.complete == 6
    sent = [entry for entry in sandbox.control.requests() if "/async/bulk/" in entry.path]
    assert len(sent) == 2


def test_what_keeps_failing_is_given_up_with_the_shops_words(sandbox: Sandbox) -> None:
    sandbox.control.fail_operations(3)
    with connect(sandbox) as shop:
        report = shop.bulk.save_source_items(stock("LF-LAMP"))
    (failure,) = report.failures
    assert failure.status is OperationStatus.RETRIABLE
    assert "Deadlock found" in failure.message


def test_a_rejected_operation_is_not_sent_again(sandbox: Sandbox) -> None:
    sandbox.control.fail_operations(1, status=5, message="The message cannot be read")
    with connect(sandbox) as shop:
        report = shop.bulk.save_source_items(stock("LF-LAMP"))
    assert [(each.status, each.message) for each in report.failures] == [
        (OperationStatus.REJECTED, "The message cannot be read")
    ]
    assert sandbox.control.count_requests("POST", "/rest/async/bulk/V1/inventory/source-items") == 1


def test_without_consumers_it_gives_up_in_time_and_says_how_to_start_them(sandbox: Sandbox) -> None:
    waits: list[float] = []
    with connect(sandbox, waits.append) as shop:
        report = shop.bulk.save_source_items(stock(*SKUS), options=BulkOptions(patience_seconds=60))
    assert 60 <= sum(waits) < 80
    assert {each.status for each in report.failures} == {OperationStatus.OPEN}
    assert report.failures[0].message == NO_CONSUMER
    assert "bin/magento queue:consumers:start async.operations.all" in report.failures[0].remedy
    assert [each.name for each in report.failures] == SKUS


def test_consumers_that_end_half_way_are_told_apart(sandbox: Sandbox) -> None:
    some = iter([2])
    with connect(sandbox, lambda _: sandbox.control.run_consumers(next(some, 0))) as shop:
        report = shop.bulk.save_source_items(
            stock(*SKUS), options=BulkOptions(items_per_operation=1, patience_seconds=30)
        )
    assert report.complete == 2
    assert {each.message for each in report.failures} == {STALLED}


def test_a_lost_reply_is_answered_by_sending_again(sandbox: Sandbox) -> None:
    sandbox.control.add_fault("lost_reply", count=1, path="/async/bulk/")
    with connect(sandbox) as shop:
        report = shop.bulk.save_source_items(stock("LF-LAMP"))
        assert quantities(shop)["LF-LAMP"] == 7
    assert (report.complete, report.failures) == (1, ())
    assert sandbox.control.count_requests("POST", "/rest/async/bulk/V1/inventory/source-items") == 2


def test_a_shop_that_stops_answering_leaves_the_rest_for_another_time(sandbox: Sandbox) -> None:
    sandbox.control.add_fault("bad_gateway", skip=1, method="POST", path="/async/bulk/")
    with connect(sandbox) as shop:
        report = shop.bulk.save_source_items(
            stock(*SKUS), options=BulkOptions(batch_size=1, items_per_operation=2)
        )
    assert report.complete == 2
    assert {each.status for each in report.failures} == {OperationStatus.RETRIABLE}
    assert all("Send these again" in each.remedy for each in report.failures)


def test_an_entry_that_the_shop_does_not_even_take_is_found(sandbox: Sandbox) -> None:
    products: list[dict[str, Any]] = [{"sku": sku, "price": 5} for sku in SKUS]
    products[3]["price"] = "a lot"
    with connect(sandbox) as shop:
        report = shop.bulk.save_products(products)
    (failure,) = report.failures
    assert (failure.name, failure.status) == ("LF-TENT-4", OperationStatus.REJECTED)
    assert report.complete == 5


def test_waiting_rides_out_a_shop_that_is_away_for_a_while(sandbox: Sandbox) -> None:
    sandbox.control.add_fault("maintenance", count=12, path="/V1/bulk/")
    with connect(sandbox) as shop:
        assert shop.bulk.save_source_items(stock("LF-LAMP")).complete == 1


def test_a_missing_permission_raises(sandbox: Sandbox) -> None:
    sandbox.control.add_account("reader", "reader-pass-1", resources=frozenset({"Magento_Sales::sales"}))
    with (
        Magento(sandbox.url, AdminToken("reader", Secret("reader-pass-1"))) as shop,
        pytest.raises(SignInError, match="authorized"),
    ):
        shop.bulk.save_source_items(stock("LF-LAMP"))


def test_a_record_without_a_sku_is_refused_before_anything_is_sent(sandbox: Sandbox) -> None:
    with connect(sandbox) as shop, pytest.raises(ValueError, match="without a SKU"):
        shop.bulk.save_products([{"name": "Nothing"}])


def test_any_other_bulk_is_sent_with_names_of_its_own(sandbox: Sandbox) -> None:
    entries = [(sku, {"sku": sku, "product": {"sku": sku, "price": 12}}) for sku in ("LF-LAMP", "NO SET")]
    with connect(sandbox) as shop:
        report = shop.bulk.send("PUT", "/V1/products/bySku", entries, store_code="all")
        assert shop.products.get("LF-LAMP", store_code="all")["price"] == 12
    assert [each.name for each in report.failures] == ["NO SET"]


def test_the_same_words_within_an_event_loop(sandbox: Sandbox) -> None:
    async def wait(_: float) -> None:
        sandbox.control.run_consumers()

    async def main() -> tuple[int, int]:
        sign_in = AdminToken(sandbox.username, Secret(sandbox.password))
        async with AsyncMagento(sandbox.url, sign_in, sleep=wait) as shop:
            bulk = await shop.bulk.save_source_items(stock(*SKUS))
            direct = await shop.source_items.save_many(stock(*SKUS, quantity=9))
            return bulk.complete, direct.complete

    assert asyncio.run(main()) == (6, 6)


def test_direct_calls_in_chunks_name_the_sku_at_fault(sandbox: Sandbox) -> None:
    items = [*stock(*SKUS), {**stock("LF-TOWEL")[0], "source_code": "nowhere"}]
    told: list[BulkProgress] = []
    with connect(sandbox) as shop:
        report = shop.source_items.save_many(items, options=BulkOptions(batch_size=4), watch=told.append)
        assert dict.fromkeys(SKUS, 7).items() <= quantities(shop).items()
    assert [(each.name, each.message) for each in report.failures] == [
        ("LF-TOWEL", "Could not save Source Item")
    ]
    assert told[-1] == BulkProgress(total=7, accepted=7, complete=6, failed=1)


def test_a_direct_call_whose_reply_is_lost_is_sent_again(sandbox: Sandbox) -> None:
    sandbox.control.add_fault("lost_reply", count=1, path="/inventory/source-items")
    with connect(sandbox) as shop:
        assert shop.source_items.save_many(stock("LF-LAMP")).complete == 1
        assert quantities(shop)["LF-LAMP"] == 7


def test_products_leave_a_source(sandbox: Sandbox) -> None:
    with connect(sandbox) as shop:
        shop.source_items.delete([{"sku": "LF-LAMP", "source_code": "us_online", "quantity": 3}])
        assert "LF-LAMP" not in quantities(shop)


def test_a_product_is_saved_for_all_stores_or_for_one(sandbox: Sandbox) -> None:
    with connect(sandbox) as shop:
        shop.products.save({"sku": "LF-MUG/ENAMEL", "name": "Mug"})
        shop.products.save({"sku": "LF-MUG/ENAMEL", "name": "Becher"}, store_code="zalando")
        names = [shop.products.get("LF-MUG/ENAMEL", store_code=code)["name"] for code in ("all", "zalando")]
        assert names == ["Mug", "Becher"]
        sandbox.control.add_fault("lost_reply", count=1, method="POST", path="/V1/products")
        with pytest.raises(Unclear):
            shop.products.save({"sku": "LF-LAMP", "price": 30})


class OldShop:
    """Answers a bulk as Magento 2.3 does: rows' own numbers for ids, the words in the detailed form only."""

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return httpx2.Response(202, json={"bulk_uuid": "b-1", "request_items": [], "errors": False})
        words = "No such source" if request.url.path.endswith("detailed-status") else None
        rows = [
            {"id": 812, "status": 3, "result_message": words},
            {"id": 811, "status": 1, "result_message": None},
        ]
        return httpx2.Response(200, json={"operations_list": rows})


def test_an_older_shop_numbers_its_operations_in_its_own_way() -> None:
    shop = Magento(
        "https://shop.example",
        AdminToken("someone", Secret("some-pass-1")),
        transport=httpx2.MockTransport(
            lambda request: (
                httpx2.Response(200, json="token") if "token" in request.url.path else OldShop()(request)
            )
        ),
        sleep=lambda _: None,
    )
    report = shop.bulk.save_source_items(
        stock("LF-LAMP", "LF-STOVE"), options=BulkOptions(items_per_operation=1)
    )
    assert [(each.name, each.message) for each in report.failures] == [("LF-STOVE", "No such source")]
