"""Creating and updating orders through the service interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client


ADDRESS = {
    "city": "Hobart",
    "country_id": "AU",
    "firstname": "Ines",
    "lastname": "Byrne",
    "postcode": "7000",
    "street": ["4 Canal Walk"],
    "telephone": "555-010-2000",
}


def entity(**changes: Any) -> dict[str, Any]:
    order: dict[str, Any] = {
        "customer_email": "ines@example.com",
        "grand_total": 43.5,
        "base_grand_total": 43.5,
        "store_id": 33,
        "items": [
            {
                "sku": "LF-LAMP",
                "qty_ordered": 1,
                "price": 32.5,
                "row_total": 32.5,
                "tax_amount": 3.25,
                "ext_order_item_id": "L1",
            }
        ],
        "billing_address": ADDRESS,
        "payment": {"method": "checkmo", "additional_information": ["Marketplace"]},
        "extension_attributes": {
            "shipping_assignments": [{"shipping": {"address": ADDRESS, "method": "flatrate_flatrate"}}]
        },
    }
    return {"entity": {**order, **changes}}


def create(client: Client, **changes: Any) -> Any:
    reply = client.put("/rest/V1/orders/create", entity(**changes))
    assert reply.status == 200, reply.body
    return reply.json


def test_the_answer_echoes_what_was_sent_and_adds_what_is_computed(back_office: Client) -> None:
    order = create(back_office, ext_order_id="DJ-1")
    assert order["increment_id"] == "33000000001"
    assert order["store_name"] == "Australia\nAustralia Store\nDavid Jones AU"
    assert (order["total_due"], order["base_total_due"], order["total_item_count"]) == (43.5, 43.5, 1)
    item = order["items"][0]
    assert (item["row_total"], item["row_total_incl_tax"]) == (32.5, 35.75)
    assert "qty_shipped" not in item
    assert order["payment"]["account_status"] is None
    assert order["billing_address"]["email"] == "ines@example.com"
    assert order["billing_address"]["address_type"] == "billing"


def test_reading_it_back_shows_the_database_defaults(back_office: Client) -> None:
    created = create(back_office)
    order = back_office.get(f"/rest/V1/orders/{created['entity_id']}").json
    assert (order["items"][0]["qty_shipped"], order["items"][0]["base_price"]) == (0, 0)
    shipping = order["extension_attributes"]["shipping_assignments"][0]["shipping"]
    assert (shipping["method"], shipping["address"]["city"], shipping["total"]) == (
        "flatrate_flatrate",
        "Hobart",
        [],
    )
    assert order["extension_attributes"]["payment_additional_info"] == [{"key": "0", "value": "Marketplace"}]
    assert "state" not in order


def test_an_increment_id_is_unique_in_its_store_only(back_office: Client) -> None:
    create(back_office, increment_id="AMZ-1")
    again = back_office.put("/rest/V1/orders/create", entity(increment_id="AMZ-1"))
    assert (again.status, again.json) == (400, {"message": "Unique constraint violation found"})
    create(back_office, increment_id="AMZ-1", store_id=32)
    create(back_office, increment_id="AMZ-1", store_id=None)
    create(back_office, increment_id="AMZ-1", store_id=None)


def test_ext_order_id_may_repeat_and_finds_orders(back_office: Client) -> None:
    first, second = create(back_office, ext_order_id="X-9"), create(back_office, ext_order_id="X-9")
    found = back_office.list("/rest/V1/orders", ("ext_order_id", "X-9", "eq"), fields="items[entity_id]").json
    assert [item["entity_id"] for item in found["items"]] == [first["entity_id"], second["entity_id"]]


def test_refused_orders_use_up_numbers(back_office: Client) -> None:
    refused = back_office.put("/rest/V1/orders/create", entity(customer_email="nonsense"))
    assert refused.json == {
        "message": "We can't save the address:\n%1",
        "parameters": ["Email has a wrong format"],
    }
    assert create(back_office)["increment_id"] == "33000000002"


def test_the_email_must_come_before_the_address(back_office: Client) -> None:
    body = entity()["entity"]
    late = {"billing_address": body.pop("billing_address"), **body}
    reply = back_office.put("/rest/V1/orders/create", {"entity": late})
    assert reply.json["parameters"] == ["Email has a wrong format"]


def test_missing_address_fields_are_listed(back_office: Client) -> None:
    reply = back_office.put("/rest/V1/orders/create", entity(billing_address={"city": "Hobart"}))
    assert reply.status == 400
    assert reply.json["parameters"][0].split("\n") == [
        '"Zip code" is required. Enter and try again.',
        '"Last name" is required. Enter and try again.',
        '"Street" is required. Enter and try again.',
        '"Country" is required. Enter and try again.',
        '"First Name" is required. Enter and try again.',
        '"Phone Number" is required. Enter and try again.',
    ]


def test_payment_is_the_one_thing_required(back_office: Client) -> None:
    without = back_office.post("/rest/V1/orders", {"entity": {}})
    assert (without.status, without.json) == (400, {"message": "Please provide payment for the order."})
    empty = back_office.post("/rest/V1/orders", {"entity": {"payment": {}}})
    assert empty.json == {"message": "The payment method you requested is not available."}
    bare = back_office.post("/rest/V1/orders", {"entity": {"payment": {"method": "any"}}})
    assert bare.status == 200
    assert (bare.json["customer_email"], bare.json["grand_total"], bare.json["items"]) == (None, None, [])


def test_fields_are_checked_by_name_and_type_in_either_spelling(back_office: Client) -> None:
    assert create(back_office, extOrderId="C-1")["ext_order_id"] == "C-1"
    unknown = back_office.post("/rest/V1/orders", entity(bogus_field=1))
    assert unknown.json["parameters"] == {"fieldName": "BogusField"}
    amount = back_office.post("/rest/V1/orders", entity(grand_total="12,50"))
    assert amount.json["message"] == (
        'Error occurred during "grand_total" processing. The "12,50" value\'s type is invalid. '
        'The "float" type was expected. Verify and try again.'
    )
    nested = back_office.post("/rest/V1/orders", entity(items=[{"sku": "A", "qty_ordered": "two"}]))
    assert nested.json["message"].startswith(
        'Error occurred during "items" processing. Error occurred during "qty_ordered" processing.'
    )


def test_unknown_store_and_customer(back_office: Client) -> None:
    store = back_office.post("/rest/V1/orders", entity(store_id=77))
    assert (store.status, store.json["message"]) == (
        404,
        "The store that was requested wasn't found. Verify the store and try again.",
    )
    assert back_office.post("/rest/V1/orders", entity(customer_id=999)).status == 500


def test_an_update_changes_only_what_was_sent(back_office: Client) -> None:
    created = create(back_office)
    sent = {"entity": {"entity_id": created["entity_id"], "ext_order_id": "LATE-1"}}
    updated = back_office.put("/rest/V1/orders/create", sent).json
    assert (updated["grand_total"], updated["customer_email"]) == (None, None)
    assert updated["items"][0]["sku"] == "LF-LAMP"
    stored = back_office.get(f"/rest/V1/orders/{created['entity_id']}").json
    assert (stored["grand_total"], stored["ext_order_id"]) == (43.5, "LATE-1")


def test_four_byte_characters_become_question_marks(back_office: Client) -> None:
    created = create(back_office)
    comment = {"statusHistory": {"comment": "so glad 😀"}}
    assert back_office.post(f"/rest/V1/orders/{created['entity_id']}/comments", comment).json is True
    stored = back_office.get(f"/rest/V1/orders/{created['entity_id']}/comments").json["items"]
    assert [entry["comment"] for entry in stored] == ["so glad ????"]


def test_items_are_listed_on_their_own(back_office: Client) -> None:
    created = create(back_office)
    found = back_office.list("/rest/V1/orders/items", ("order_id", str(created["entity_id"]), "eq")).json
    assert [(item["sku"], item["ext_order_item_id"]) for item in found["items"]] == [("LF-LAMP", "L1")]
    alone = back_office.get(f"/rest/V1/orders/items/{found['items'][0]['item_id']}").json
    assert alone["order_id"] == created["entity_id"]
