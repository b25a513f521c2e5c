"""Storages, id maps, global values and stored tests through the API."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from mageferry.hub.routes.models import GlobalValue, IdMapEntry, Storage, StorageEntry, StoredTest
from tests.hub.api.people import Caller
from tests.hub.routes.builders import make_route
from tests.hub.routes.erp import Erp

RATES = {"code": "rates", "name": "Rates", "description": "", "lifetime_seconds": None}


def test_entries_are_put_found_page_by_page_and_removed(owner: Caller) -> None:
    assert owner.post("storages", RATES).json() == RATES
    for key, rate in (("DE", 19), ("AT", 20), ("countries/FR", {"rate": 20})):
        assert owner.put(f"storages/rates/entries/{key}", {"value": rate}).status_code == 200
    page = owner.get("storages/rates/entries", limit=2).json()
    assert [each["key"] for each in page["items"]] == ["AT", "DE"]
    page = owner.get("storages/rates/entries", limit=2, after=page["next"]).json()
    assert [each["value"] for each in page["items"]] == [{"rate": 20}]
    assert page["next"] is None
    assert owner.get("storages/rates/entries", text="d").json()["items"][0]["value"] == 19
    assert owner.get("storages/rates/entries/countries/FR").json()["value"] == {"rate": 20}
    assert owner.delete("storages/rates/entries/DE").status_code == 204
    assert owner.delete("storages/rates/entries/DE").status_code == 404
    assert owner.put(f"storages/rates/entries/{'x' * 501}", {"value": 1}).status_code == 422


def test_what_has_expired_is_not_there(owner: Caller) -> None:
    owner.post("storages", RATES)
    kept = owner.put("storages/rates/entries/DE", {"value": 19, "lifetime_seconds": 60}).json()
    assert kept["expires_at"] is not None
    StorageEntry.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert owner.get("storages/rates/entries/DE").status_code == 404
    assert owner.get("storages/rates/entries").json()["items"] == []


def test_a_storage_is_changed_and_deleted_with_its_entries(owner: Caller) -> None:
    owner.post("storages", RATES)
    owner.put("storages/rates/entries/DE", {"value": 19})
    assert owner.put("storages/rates", {**RATES, "lifetime_seconds": 60}).json()["lifetime_seconds"] == 60
    assert owner.post("storages", RATES).json()["problems"][0]["field"] in ("name", "code")
    assert owner.delete("storages/rates").status_code == 204
    assert (Storage.objects.count(), StorageEntry.objects.count()) == (0, 0)


def test_ids_are_put_found_both_ways_and_forgotten(owner: Caller) -> None:
    for number in (1, 2, 3):
        assert owner.put(f"id-maps/customers/C/{number}", {"remote_id": f"R-{number}"}).status_code == 200
    assert owner.get("id-maps").json() == [{"map": "customers", "entries": 3}]
    page = owner.get("id-maps/customers", limit=2).json()
    assert ([each["local_id"] for each in page["items"]], page["next"]) == (["C/1", "C/2"], "C/2")
    (found,) = owner.get("id-maps/customers", remote_id="R-3").json()["items"]
    assert found["local_id"] == "C/3"
    assert owner.get("id-maps/customers/C/2").json()["remote_id"] == "R-2"
    assert owner.put("id-maps/customers/C/2", {"remote_id": ""}).status_code == 422
    assert owner.delete("id-maps/customers/C/2").status_code == 204
    assert IdMapEntry.objects.count() == 2


def test_a_secret_global_value_is_never_told(owner: Caller) -> None:
    made = owner.put("globals/erp_key", {"is_secret": True, "value": "canary-5150", "description": "Key"})
    assert (made.status_code, made.json()["value"], made.json()["is_set"]) == (201, None, True)
    described = owner.put("globals/erp_key", {"description": "Key of the ERP"})
    assert described.json()["is_secret"], "it doesn't become a plain one"
    row = GlobalValue.objects.get()
    assert (row.at_hand.reveal(), row.value) == ("canary-5150", "")
    for path in ("globals", "globals/erp_key"):
        assert "canary-5150" not in owner.get(path).content.decode()
    assert owner.put("globals/other", {"is_secret": True}).status_code == 422


def test_a_plain_global_value_is_any_json(owner: Caller) -> None:
    assert owner.put("globals/branch", {"value": {"id": 7}}).status_code == 201
    assert owner.put("globals/branch", {"value": None}).status_code == 422
    assert owner.put("globals/branch", {"description": "Ours"}).json()["value"] == {"id": 7}
    assert owner.put("globals/two words", {"value": 1}).json()["problems"][0]["field"] == "name"
    assert owner.delete("globals/branch").status_code == 204


def test_stored_tests_are_kept_and_run(erp: Erp, owner: Caller) -> None:
    make_route(erp.url, transformers=[{"type": "set", "target": "x", "value": 1}])
    document = {"name": "Sets x", "route": "orders", "input": [{}], "expected": [{"x": 2}]}
    made = owner.post("stored-tests", document)
    assert made.status_code == 201, made.json()
    pk = made.json()["id"]
    verdict = owner.post(f"stored-tests/{pk}/run").json()
    assert (verdict["passed"], verdict["differences"]) == (False, ["$[0].x: expected 2, is 1"])
    owner.put(f"stored-tests/{pk}", {**document, "expected": [{"x": 1}]})
    assert [each["passed"] for each in owner.post("stored-tests/run").json()] == [True]
    assert owner.get("stored-tests", route="orders").json()["count"] == 1
    refused = owner.post("stored-tests", {**document, "name": "Y", "failures": [2]})
    assert refused.json()["problems"][0]["field"] == "failures"
    assert owner.delete(f"stored-tests/{pk}").status_code == 204


READING = (
    "storages", "storages/rates", "storages/rates/entries", "storages/rates/entries/DE", "id-maps", "id-maps/customers",
    "id-maps/customers/C-1", "globals", "globals/branch", "stored-tests", "stored-tests/1",
)  # fmt: skip
CHANGING = {
    ("post", "storages"): RATES, ("put", "storages/rates"): RATES, ("delete", "storages/rates"): None,
    ("put", "storages/rates/entries/DE"): {"value": 1}, ("delete", "storages/rates/entries/DE"): None,
    ("put", "id-maps/customers/C-1"): {"remote_id": "X"}, ("delete", "id-maps/customers/C-1"): None,
    ("put", "globals/branch"): {"value": 1}, ("put", "globals/new"): {"value": 1}, ("delete", "globals/branch"): None,
    ("post", "stored-tests"): {"name": "B"}, ("put", "stored-tests/1"): {"name": "B"},
    ("delete", "stored-tests/1"): None, ("post", "stored-tests/1/run"): {}, ("post", "stored-tests/run"): {},
}  # fmt: skip


def test_who_only_looks_changes_nothing_and_strangers_see_nothing(viewer: Caller, stranger: Caller) -> None:
    storage = Storage.objects.create(code="rates", name="Rates")
    StorageEntry.objects.create(storage=storage, key="DE", value=19)
    IdMapEntry.objects.create(map="customers", local_id="C-1", remote_id="R-1")
    GlobalValue.objects.create(name="branch", value="7")
    StoredTest.objects.create(pk=1, name="A")
    for path in READING:
        assert viewer.get(path).status_code == 200, path
        assert stranger.get(path).status_code == 403, path
    for (method, path), body in CHANGING.items():
        for caller in (viewer, stranger):
            assert caller.send(method, path, body).status_code == 403, (method, path)
    assert StorageEntry.objects.get().value == 19
