"""Entities over the API: taken in one by one and in lists, told page by page."""

from __future__ import annotations

from typing import Any

import pytest

from mageferry.hub.api.exchange import position_of, text_of
from mageferry.hub.exchange import KINDS, Position
from mageferry.hub.trade.models import Order, Product
from tests.hub.api.people import Caller, make_caller
from tests.hub.builders import make_account
from tests.hub.exchange.entities import order_entity, refund_entity, shipment_entity


@pytest.fixture(autouse=True)
def account(transactional_db: None) -> None:
    make_account()


def numbered(number: int) -> dict[str, Any]:
    return order_entity(marketplace_order_id=f"MP-{number}")


def test_an_order_is_taken_once(owner: Caller) -> None:
    assert (
        owner.post("exchange/order?account=AMZ&dry_run=true", order_entity()).json()["outcome"] == "created"
    )
    assert Order.objects.count() == 0, "it was only checked"
    made = owner.post("exchange/order?account=AMZ", order_entity())
    order = Order.objects.get()
    assert (made.status_code, made.json()["outcome"], made.json()["id"]) == (201, "created", order.pk)
    again = owner.post("exchange/order?account=AMZ", order_entity())
    assert (again.status_code, again.json()["outcome"]) == (200, "unchanged")


def test_a_refused_entity_says_where_and_how_to_mend_it(owner: Caller) -> None:
    refused = owner.post("exchange/order?account=AMZ", order_entity(items=[]))
    assert refused.status_code == 422
    assert refused.json()["reason"] == "items is empty."
    assert refused.json()["remedy"]


def test_what_an_entity_is_about_may_come_later(owner: Caller) -> None:
    early = owner.post("exchange/shipment?account=AMZ", shipment_entity())
    assert (early.status_code, early.json()["outcome"]) == (409, "unknown")
    owner.post("exchange/order?account=AMZ", order_entity())
    assert owner.post("exchange/shipment?account=AMZ", shipment_entity()).status_code == 201


def test_each_entity_of_a_list_has_its_own_result(owner: Caller) -> None:
    entities = [numbered(1), order_entity(items=[]), numbered(2), "nonsense", numbered(1)]
    answer = owner.post("exchange/order?account=AMZ", entities)
    assert answer.status_code == 200
    outcomes = [each["outcome"] for each in answer.json()["results"]]
    assert outcomes == ["created", "refused", "created", "refused", "unchanged"]
    assert answer.json()["refused"] == 2
    assert Order.objects.count() == 2
    assert owner.post("exchange/order?account=AMZ", [{}] * 1001).status_code == 413


def test_every_kind_is_taken_and_told(owner: Caller) -> None:
    taken = {
        "order": order_entity(),
        "order_status": {"marketplace_order_id": "MP-1001", "status": "cancelled"},
        "product": {"sku": "LAMP-1", "name": "Lamp"},
    }
    for kind, entity in taken.items():
        answer = owner.post(f"exchange/{kind}?account=AMZ", entity)
        assert answer.status_code in (200, 201), answer.json()
    assert [each["kind"] for each in owner.get("exchange").json()] == list(KINDS)
    for kind in KINDS:
        assert owner.get(f"exchange/{kind}", account="AMZ").status_code == 200, kind
    assert owner.get("exchange/product").json()["entities"][0]["sku"] == "LAMP-1", "needs no account"
    assert Product.objects.count() == 1


def test_changes_are_told_page_by_page_and_once(owner: Caller) -> None:
    owner.post("exchange/order?account=AMZ", [numbered(number) for number in range(3)])
    first = owner.get("exchange/order", account="AMZ", limit=2).json()
    assert [each["marketplace_order_id"] for each in first["entities"]] == ["MP-0", "MP-1"]
    assert first["more"]
    second = owner.get("exchange/order", account="AMZ", position=first["position"]).json()
    assert [each["marketplace_order_id"] for each in second["entities"]] == ["MP-2"]
    body = {"account": "AMZ", "position": second["position"]}
    assert owner.post("exchange/order/changes", body).json()["entities"] == []
    owner.post("exchange/order_status?account=AMZ", {"marketplace_order_id": "MP-1", "status": "cancelled"})
    (changed,) = owner.post("exchange/order/changes", body).json()["entities"]
    assert (changed["marketplace_order_id"], changed["status"]) == ("MP-1", "cancelled")


def test_a_position_is_a_text_and_back(owner: Caller) -> None:
    position = Position(told={7: Position().changed_at})
    assert position_of(text_of(position)) == position


@pytest.mark.parametrize("text", ["x", "AAAA", "a b", "ü", text_of(Position())[:-4] + "xxxx"])
def test_what_is_no_position_is_refused(owner: Caller, text: str) -> None:
    refused = owner.get("exchange/order", account="AMZ", position=text)
    assert refused.status_code == 422
    assert "leave it out to begin anew" in refused.json()["detail"]


def test_unknown_kinds_and_accounts_are_named(owner: Caller) -> None:
    assert "The kinds are order," in owner.post("exchange/parcel", {}).json()["detail"]
    assert "There are: AMZ." in owner.post("exchange/order?account=EBY", {}).json()["detail"]
    assert "belongs to an account" in owner.get("exchange/order").json()["detail"]


def test_permissions_are_those_of_what_is_written(viewer: Caller, stranger: Caller) -> None:
    packer = make_caller("packer", "trade.add_ordershipment")
    for kind in KINDS:
        assert viewer.get(f"exchange/{kind}", account="AMZ").status_code == 200
        assert viewer.post(f"exchange/{kind}?account=AMZ", {}).status_code == 403
        assert stranger.get(f"exchange/{kind}", account="AMZ").status_code == 403
        assert stranger.post(f"exchange/{kind}?account=AMZ", {}).status_code == 403
    assert packer.post("exchange/shipment?account=AMZ", shipment_entity()).status_code == 409
    assert packer.post("exchange/refund?account=AMZ", refund_entity()).status_code == 403
