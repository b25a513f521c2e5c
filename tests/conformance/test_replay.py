"""A small directory of recordings, replayed: equal, different and not imitated ones, and the report on them."""

import json
from pathlib import Path

import pytest

from conformance.client import complaints_about, orders_in, sweep
from conformance.exemptions import Exemption, Exemptions, read_exemptions
from conformance.recordings import DataError, read_alone, read_credentials, read_recording
from conformance.replay import Replay, Verdict
from conformance.report import Score, raise_floor, read_floor, render_differences, render_table, score
from mageferry.sandbox.demo.shops import DEMOS, documents, lists

JSON = "application/json; charset=utf-8"
NO_ROUTE = '{"message":"Request does not match any route."}'
PASSWORD = "Lantern-42-pw"
KEYS = {
    "depot": {
        "consumer_key": "k" * 32,
        "consumer_secret": "s" * 32,
        "access_token": "t" * 32,
        "access_token_secret": "u" * 32,
    },
    "admin_users": {
        "password (all)": PASSWORD,
        "admin": "all resources",
        "picker": "role that can view orders only",
    },
}


def exchange(
    path: str,
    status: int,
    body: str,
    *,
    method: str = "GET",
    sent: str | None = None,
    authorization: str = "",
) -> dict[str, object]:
    headers = {"Accept": "application/json"}
    if authorization:
        headers["Authorization"] = authorization
    if sent is not None:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(sent))}
    answer = {
        "status": status,
        "headers": [["Date", "Wed, 01 May 2030 12:00:00 GMT"], ["Content-Type", JSON]],
    }
    return {
        "request": {"method": method, "url": path, "headers": headers, "body": sent},
        "response": {**answer, "body": body},
    }


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A demo shop's content as a store export, and room for recordings."""
    store = tmp_path / "store"
    store.mkdir()
    demo = DEMOS["back-office"]
    for name, content in {**documents(demo), **lists(demo)}.items():
        (store / f"{name}.json").write_text(json.dumps(content))
    (tmp_path / "keys-credentials.json").write_text(json.dumps(KEYS))
    return tmp_path


def record(directory: Path, name: str, content: dict[str, object]) -> None:
    file = directory / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def verdicts(directory: Path, exemptions: Exemptions | None = None) -> dict[str, Verdict]:
    return {verdict.title: verdict for verdict in Replay(directory, exemptions or Exemptions()).run()}


def test_a_timeline_is_sent_in_order_and_unanswered_requests_are_sent_only(directory: Path) -> None:
    admin = "Bearer {admin}"
    comment = '{"statusHistory":{"comment":"packed"}}'
    order = '{"entity":{"grand_total":5,"store_id":1,"payment":{"method":"checkmo"}}}'
    steps = [
        {
            **exchange("/rest/V1/orders", 200, "", method="POST", sent=order, authorization=admin),
            "response": None,
        },
        exchange("/rest/V1/orders/1/comments", 200, "true", method="POST", sent=comment, authorization=admin),
        exchange("/rest/V1/nowhere", 404, NO_ROUTE, authorization=admin),
        {"seq": 4, "step": "run the shop's queue consumers"},
        exchange("/rest/V1/orders/1?fields=grand_total", 200, '{"grand_total":6}', authorization=admin),
    ]
    for number, step in enumerate(steps, 1):
        record(directory, f"timeline/{number:04d}-step", {"group": "orders", **step})

    found = verdicts(directory)

    assert [verdict.equal for verdict in found.values()] == [True, True, False]
    assert found["orders/0005-step"].differences == ("$.grand_total: expected 6, found 5",)
    assert list(render_differences(found.values())) == [
        "orders/0005-step  GET /rest/V1/orders/1?fields=grand_total",
        "    $.grand_total: expected 6, found 5",
    ]


def test_an_unknown_step_is_named(directory: Path) -> None:
    record(directory, "timeline/0001-step", {"group": "orders", "step": "paint the walls"})

    with pytest.raises(DataError, match="paint the walls"):
        verdicts(directory)


def test_notes_set_up_the_shop_for_one_recording(directory: Path) -> None:
    refused = {"message": "Maximum SearchCriteria pageSize is %max", "parameters": {"max": 3}}
    path = "/rest/V1/orders?searchCriteria%5BpageSize%5D=4&fields=total_count"
    admin = "Bearer {admin}"
    over = exchange(path, 400, json.dumps(refused), authorization=admin)
    record(directory, "recordings/limits/over", {**over, "note": "maximum_page_size=3"})
    record(
        directory, "recordings/limits/under", exchange(path, 200, '{"total_count":0}', authorization=admin)
    )

    assert [verdict.differences for verdict in verdicts(directory).values()] == [(), ()]


def test_signing_in_and_tokens_are_minted_for_the_sandbox(directory: Path) -> None:
    admin = "eyJraWQiOiIxIn0.eyJ1aWQiOjEsInV0eXBpZCI6MiwiaWF0IjoxOTAzODY3MjAwLCJleHAiOjE5MDM4NzA4MDB9.abc"
    sent = json.dumps({"username": "admin", "password": PASSWORD})
    path = "/rest/V1/orders?searchCriteria%5BpageSize%5D=1&fields=total_count"
    signed_in = exchange("/rest/V1/integration/admin/token", 200, f'"{admin}"', method="POST", sent=sent)
    refusal = {
        "message": "The consumer isn't authorized to access %resources.",
        "parameters": {"resources": "Magento_Sales::actions_view"},
    }
    record(directory, "recordings/auth/token", signed_in)
    record(
        directory,
        "recordings/auth/worked",
        exchange(path, 200, '{"total_count":0}', authorization=f"Bearer {admin}"),
    )
    tampered = f"Bearer {admin.removesuffix('abc')}xyz"
    record(
        directory,
        "recordings/auth/tampered",
        exchange(path, 401, json.dumps(refusal), authorization=tampered),
    )

    assert {title: verdict.differences for title, verdict in verdicts(directory).items()} == {
        "auth/token": (),
        "auth/tampered": (),
        "auth/worked": (),
    }


def test_what_is_not_imitated_is_neither_sent_nor_counted(directory: Path) -> None:
    record(directory, "recordings/carts/made", exchange("/rest/V1/carts", 200, "1"))
    record(directory, "recordings/other/nowhere", exchange("/rest/V1/nowhere", 404, NO_ROUTE))
    exemptions = Exemptions((Exemption("carts/*", "there are no carts"),))

    found = list(verdicts(directory, exemptions).values())

    assert score(found) == Score(equal=1, compared=1)
    assert list(render_table(found))[-1] == "not imitated: 1 of carts: there are no carts"


def test_the_written_list_gives_a_reason_for_every_entry(tmp_path: Path) -> None:
    assert all(entry.reason for entry in read_exemptions().entries)
    bad = tmp_path / "list.toml"
    bad.write_text('[[recording]]\ntitle = "a/b"\n')
    with pytest.raises(ValueError, match="needs a title and a reason"):
        read_exemptions(bad)


def test_the_floor_only_rises(tmp_path: Path) -> None:
    file = tmp_path / "floor.json"

    assert raise_floor(Score(8, 10), file)
    assert not raise_floor(Score(7, 10), file)
    assert not raise_floor(Score(80, 100), file)
    assert read_floor(file) == Score(8, 10)
    assert raise_floor(Score(9, 10), file)


def test_a_directory_that_is_none_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no store"):
        Replay(tmp_path, Exemptions())
    file = tmp_path / "broken.json"
    file.write_text("{")
    with pytest.raises(DataError, match=r"broken\.json is not JSON"):
        read_recording(file, "any")


def test_credentials_are_read_with_what_each_user_is_for(directory: Path) -> None:
    found = read_credentials(directory)

    assert [keys.name for keys in found.integrations] == ["depot"]
    assert (found.password, sorted(found.users)) == (PASSWORD, ["admin", "picker"])
    assert PASSWORD not in repr(found)
    assert "s" * 32 not in repr(found)


def test_sign_ins_of_a_second_come_before_what_they_were_for(directory: Path) -> None:
    record(directory, "recordings/auth/a_call", exchange("/rest/V1/customers/me", 200, "{}"))
    sign_in = exchange("/rest/V1/integration/customer/token", 200, '"x"', method="POST", sent="{}")
    record(directory, "recordings/auth/b_sign_in", sign_in)

    assert [entry.name for entry in read_alone(directory)] == ["b_sign_in", "a_call"]


def test_the_client_reads_every_answer(directory: Path) -> None:
    record(
        directory, "recordings/any/page", exchange("/rest/V1/orders/1", 500, "<html><h1>Oh no</h1></html>")
    )
    record(
        directory,
        "recordings/any/order",
        exchange("/rest/V1/orders/1", 200, '{"increment_id":"7","items":[{}]}'),
    )

    assert sweep(directory) == (2, [])


def test_texts_that_nobody_could_read_are_complained_about() -> None:
    assert list(complaints_about("Nothing left to ship.")) == []
    assert list(complaints_about("")) == ["a text of 0 characters"]
    assert "markup" in next(complaints_about("<html>no</html>"))
    assert "placeholder" in next(complaints_about('"%fieldName" is required.'))


def test_orders_are_found_alone_and_in_lists() -> None:
    order = {"increment_id": "1", "items": []}

    assert list(orders_in(json.dumps(order))) == [order]
    assert list(orders_in(json.dumps({"items": [order, {"sku": "x"}], "total_count": 2}))) == [order]
    assert list(orders_in("<html>")) == []
