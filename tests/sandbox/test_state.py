"""A shop from an export's directory, a state file over restarts, and what is wrong with bad ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mageferry.sandbox import ExportError, Sandbox, StateError
from tests.sandbox.conftest import Client

if TYPE_CHECKING:
    from pathlib import Path

ADMIN_VIEW = {"id": 0, "code": "admin", "name": "Admin", "website_id": 0, "store_group_id": 0, "is_active": 1}
EXPORT: dict[str, Any] = {
    "store_views": [
        ADMIN_VIEW,
        {"id": 1, "code": "main", "name": "Main", "website_id": 1, "store_group_id": 1, "is_active": 1},
    ],
    "store_groups": [
        {"id": 1, "website_id": 1, "root_category_id": 2, "default_store_id": 1, "name": "G", "code": "g"}
    ],
    "websites": [{"id": 1, "code": "base", "name": "Base", "default_group_id": 1}],
    "store_configs": [
        {"id": 1, "code": "main", "base_url": "http://old.example/", "base_currency_code": "USD"}
    ],
    "orders": {
        "items": [
            {
                "entity_id": 7,
                "increment_id": "000000041",
                "store_id": 1,
                "status": "pending",
                "grand_total": 10,
                "base_grand_total": 10,
                "customer_email": "b@example.com",
                "items": [{"item_id": 70, "order_id": 7, "sku": "ONE"}],
                "billing_address": {"entity_id": 90, "parent_id": 7},
                "payment": {"entity_id": 8, "method": "checkmo"},
                "status_histories": [],
            }
        ]
    },
    "source_items": {"items": [{"sku": "ONE", "source_code": "default", "quantity": 3, "status": 1}]},
}


@pytest.fixture
def export(tmp_path: Path) -> Path:
    directory = tmp_path / "export"
    directory.mkdir()
    for name, content in EXPORT.items():
        (directory / f"{name}.json").write_text(json.dumps(content))
    return directory


def test_an_export_is_served_and_numbers_go_on_after_it(export: Path) -> None:
    with Sandbox(export) as sandbox:
        client = Client(sandbox)
        assert client.get("/rest/main/V1/orders/7?fields=increment_id").json == {"increment_id": "000000041"}
        sent = {"entity": {"store_id": 1, "payment": {"method": "checkmo"}, "items": [{"sku": "ONE"}]}}
        created = client.post("/rest/V1/orders", sent).json
        assert (created["entity_id"], created["increment_id"]) == (8, "000000042")
        assert (created["items"][0]["item_id"], created["payment"]["entity_id"]) == (71, 9)
        found = client.get("/rest/V1/inventory/source-items?searchCriteria").json
        assert found["items"] == EXPORT["source_items"]["items"]


def test_configurations_point_at_the_sandbox(export: Path) -> None:
    with Sandbox(export) as sandbox:
        configs = Client(sandbox).get("/rest/V1/store/storeConfigs").json
        assert configs[0]["base_url"] == f"{sandbox.url}/"


def test_a_state_file_survives_a_restart(export: Path, tmp_path: Path) -> None:
    state = tmp_path / "shop.sqlite3"
    with Sandbox(export, state=state, password="kept-1") as sandbox:
        client = Client(sandbox)
        client.put("/rest/V1/orders/create", {"entity": {"entity_id": 7, "ext_order_id": "E"}})
        token = client.token
    with Sandbox(export, state=state, password="kept-1") as sandbox:
        again = Client(sandbox).send("GET", "/rest/V1/orders/7?fields=ext_order_id", token=token)
        assert again.json == {"ext_order_id": "E"}


def test_a_taken_port_is_an_os_error(export: Path) -> None:
    with Sandbox(export) as first, pytest.raises(OSError, match="address already in use"):
        Sandbox(export, port=int(first.url.rpartition(":")[2])).start()


def test_bad_exports_and_state_files_say_why(export: Path, tmp_path: Path) -> None:
    (export / "orders.json").write_text("{not json")
    with pytest.raises(ExportError, match=r"orders\.json is not JSON"):
        Sandbox(export)
    with pytest.raises(ExportError, match=r"store_views\.json is missing or empty"):
        Sandbox(tmp_path)
    other = tmp_path / "notes.txt"
    other.write_text("not a database, and long enough to be read as one" * 20)
    with pytest.raises(StateError, match="is not a sandbox state file"):
        Sandbox("storefront", state=other)
