"""Asynchronous and bulk requests: accepted at once, executed by consumers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.samples import Row, place

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

PRODUCTS = "/rest/async/V1/products"
BULK = "/rest/async/bulk/V1"


@pytest.fixture
def client(back_office: Client) -> Client:
    """A shop whose consumers run only when they are told to."""
    back_office.sandbox.control.set_setting("sandbox/async/delay_seconds", "")
    return back_office


def product(sku: str) -> dict[str, Any]:
    return {"product": {"sku": sku, "name": f"Later {sku}", "attribute_set_id": 4, "price": 1}}


def status(client: Client, key: str, kind: str = "status") -> Any:
    return client.get(f"/rest/V1/bulk/{key}/{kind}").json


def test_a_request_waits_for_the_consumers(client: Client) -> None:
    reply = client.post(PRODUCTS, product("ONE"))
    assert (reply.status, reply.json["errors"]) == (202, False)
    assert [(item["id"], item["status"]) for item in reply.json["request_items"]] == [(0, "accepted")]
    key = reply.json["bulk_uuid"]
    assert status(client, key)["operations_list"][0]["status"] == 4
    assert client.get("/rest/V1/products/ONE").status == 404
    assert client.post("/_sandbox/consumers").json == {"executed": 1}
    done = status(client, key)
    assert done["operations_list"] == [
        {
            "id": 0,
            "status": 1,
            "result_message": "Service execution success Magento\\Catalog\\Model\\ProductRepository\\Interceptor::save",
            "error_code": None,
        }
    ]
    assert (done["user_type"], done["operation_count"]) == (2, 1)
    assert client.get("/rest/V1/products/ONE?fields=price").json == {"price": 1}
    assert client.post("/_sandbox/consumers").json == {"executed": 0}


def test_consumers_also_run_by_themselves_after_a_while(back_office: Client) -> None:
    back_office.post("/_sandbox/clock", {"now": "2031-01-01T00:00:00Z"})
    sandbox = back_office.sandbox
    token = back_office.sign_in(sandbox.username, sandbox.password).json
    key = back_office.send("POST", PRODUCTS, product("SOON"), token=token).json["bulk_uuid"]
    back_office.post("/_sandbox/clock", {"now": "2031-01-01T00:00:30Z"})
    found = back_office.send("GET", f"/rest/V1/bulk/{key}/operation-status/1", token=token)
    assert found.json == 1


def test_a_bulk_has_one_operation_for_each_entry(client: Client) -> None:
    reply = client.post(f"{BULK}/products", [product("A"), product("B"), {"product": {"sku": "C"}}])
    key = reply.json["bulk_uuid"]
    client.post("/_sandbox/consumers")
    detailed = status(client, key, "detailed-status")["operations_list"]
    assert [entry["status"] for entry in detailed] == [1, 1, 3]
    assert detailed[2]["result_message"] == "Invalid product data: Invalid attribute set entity type"
    assert '\\"sku\\":\\"C\\"' in detailed[2]["serialized_data"]
    assert detailed[0]["serialized_data"] is None
    assert '"sku":"A"' in detailed[0]["result_serialized_data"]
    assert [status(client, key, f"operation-status/{code}") for code in (1, 2, 3, 4)] == [2, 0, 1, 0]
    listed = client.list("/rest/V1/bulk", ("bulk_uuid", key, "eq")).json
    assert listed["total_count"] == 3
    assert listed["items"][0]["extension_attributes"] == {"start_time": status(client, key)["start_time"]}


def test_path_variables_of_a_bulk_have_names(client: Client) -> None:
    order = place(client, Row("LF-LAMP", 1, 10))
    reply = client.post(f"{BULK}/order/byOrderId/ship", [{"orderId": order.order_id}, {"orderId": 999999}])
    client.post("/_sandbox/consumers")
    found = status(client, reply.json["bulk_uuid"], "detailed-status")["operations_list"]
    assert [entry["status"] for entry in found] == [1, 3]
    assert found[0]["result_serialized_data"].strip('"').isdecimal()
    assert found[0]["topic_name"] == "async.magento.sales.api.shiporderinterface.execute.post"
    client.put(f"{BULK}/products/bySku", [{"sku": "LF-LAMP", "product": {"sku": "LF-LAMP", "price": 2}}])
    client.post("/_sandbox/consumers")
    assert client.get("/rest/V1/products/LF-LAMP?fields=price").json == {"price": 2}
    assert client.put(f"{BULK}/products/:sku", [{"product": {"price": 2}}]).status == 404


def test_a_service_without_a_result_leaves_none(client: Client) -> None:
    items = {"sourceItems": [{"sku": "LF-LAMP", "source_code": "default", "quantity": 9, "status": 1}]}
    key = client.post("/rest/async/V1/inventory/source-items", items).json["bulk_uuid"]
    client.post("/_sandbox/consumers")
    found = status(client, key, "detailed-status")["operations_list"][0]
    assert (found["status"], found["result_serialized_data"]) == (1, None)


def test_what_is_refused_at_once(client: Client) -> None:
    assert client.post("/rest/async/V1/nosuch", {}).status == 404
    assert client.send("POST", PRODUCTS, raw=b'{"product":').json == {"message": "Decoding error."}
    assert client.send("POST", PRODUCTS, product("X"), token="").status == 401
    wrapped = client.post(f"{BULK}/products", product("X"))
    assert (wrapped.status, wrapped.json["parameters"]) == (400, {"fieldName": "product"})
    empty = client.post(f"{BULK}/products", [])
    assert (empty.status, empty.json["request_items"]) == (202, [])
    unknown = client.get("/rest/V1/bulk/none/status")
    assert (unknown.status, unknown.json["parameters"]) == (404, {"bulkUuid": "none"})
    assert client.post("/_sandbox/consumers").json == {"executed": 0}


def test_open_operations_survive_until_they_are_run(client: Client) -> None:
    control = client.sandbox.control
    client.post(PRODUCTS, product("LATE"))
    assert control.run_consumers() == 1
    control.reset()
    assert control.run_consumers() == 0


def test_operations_fail_on_demand(client: Client) -> None:
    client.post("/_sandbox/operation-failures", {"count": 1, "status": 2, "message": "Deadlock found"})
    key = client.post(f"{BULK}/products", [product("A"), product("B")]).json["bulk_uuid"]
    assert client.post("/_sandbox/consumers", {"most": 1}).json == {"executed": 1}
    found = [(each["status"], each["result_message"]) for each in status(client, key)["operations_list"]]
    assert found == [(2, "Deadlock found"), (4, None)]
    client.post("/_sandbox/consumers")
    assert [each["status"] for each in status(client, key)["operations_list"]] == [2, 1]
    assert client.post("/_sandbox/operation-failures", {"count": 1, "status": 1}).status == 400
