"""Operations through the API: units of work, schedules, pauses."""

from __future__ import annotations

import pytest
from django.test import Client

from mageferry.hub.work.models import Pause, Schedule, Step, UnitStatus, WorkUnit
from tests.hub.builders import make_account, make_connector, make_linked_row, token_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> dict[str, str]:
    return token_of("view_order", "change_magento2connector")


def make_unit(**changes: object) -> WorkUnit:
    values = {
        "kind": "export_order",
        "subject": "Order 7",
        "status": UnitStatus.FAILED,
        "payload": {"order": 7},
    }
    return WorkUnit.objects.create(**{**values, **changes})


def make_schedule() -> Schedule:
    make_linked_row(make_connector(), make_account())
    return Schedule.objects.get() if Schedule.objects.exists() else _followed()


def _followed() -> Schedule:
    from mageferry.hub.flows.schedules import follow_switches

    follow_switches()
    return Schedule.objects.get(flow="get_orders")


def test_units_are_shown_retried_edited_cancelled_and_skipped(client: Client, operator: dict[str, str]):
    unit = make_unit(reason="Refused.", answer='{"message": "No."}')
    shown = client.get(f"/api/work/{unit.pk}", headers=operator).json()
    assert (shown["reason"], shown["answer"], shown["payload"]) == (
        "Refused.",
        '{"message": "No."}',
        {"order": 7},
    )
    edited = client.post(
        f"/api/work/{unit.pk}/edit", {"payload": {"order": 8}}, "application/json", headers=operator
    )
    assert (edited.status_code, edited.json()) == (200, {"changed": 1})
    unit.refresh_from_db()
    assert (unit.status, unit.payload) == (UnitStatus.NEW, {"order": 8})
    assert client.post(f"/api/work/{unit.pk}/cancel", headers=operator).json() == {"changed": 1}
    assert client.post(f"/api/work/{unit.pk}/retry", headers=operator).json() == {"changed": 1}
    assert client.post(f"/api/work/{unit.pk}/skip", headers=operator).json() == {"changed": 1}
    unit.refresh_from_db()
    assert (unit.status, unit.reason) == (UnitStatus.SKIPPED, "Skipped by program through the API.")
    assert client.get("/api/work?status=failed", headers=operator).json()["count"] == 0
    assert client.get("/api/work?status=nonsense", headers=operator).status_code == 422


def test_what_may_have_been_sent_is_not_edited(client: Client, operator: dict[str, str]):
    unit = make_unit(step=Step.UNCLEAR)
    refused = client.post(f"/api/work/{unit.pk}/edit", {"payload": {}}, "application/json", headers=operator)
    assert refused.status_code == 409
    assert "could do it twice" in refused.json()["message"]
    large = {"payload": {"text": "x" * 300_000}}
    unit = make_unit()
    refused = client.post(f"/api/work/{unit.pk}/edit", large, "application/json", headers=operator)
    assert refused.status_code == 422
    assert "bytes" in refused.json()["message"]


def test_a_schedule_is_edited_paused_and_resumed(client: Client, operator: dict[str, str]):
    schedule = make_schedule()
    (listed,) = client.get("/api/schedules?flow=get-orders", headers=operator).json()["items"]
    assert (listed["id"], listed["cron"]) == (schedule.pk, "*/15 * * * *")
    url = f"/api/schedules/{schedule.pk}"
    changed = client.patch(
        url, {"cron": "5 6 * * *", "time_zone": "Europe/Berlin"}, "application/json", headers=operator
    ).json()
    assert (changed["cron"], changed["time_zone"]) == ("5 6 * * *", "Europe/Berlin")
    for wrong in ({"cron": "61 * * * *"}, {"time_zone": "Mars/Base"}):
        refused = client.patch(url, wrong, "application/json", headers=operator)
        assert refused.status_code == 422
        assert refused.json()["message"]
    assert client.post(f"{url}/pause", headers=operator).json() == {"changed": 1}
    assert Schedule.objects.get().paused
    assert client.post(f"{url}/resume", headers=operator).json() == {"changed": 1}


def test_a_connector_and_everything_is_paused_and_resumed(client: Client, operator: dict[str, str]):
    connector = make_connector(name="Back office")
    asked = {"connector": "back office", "reason": "Stocktaking."}
    assert client.post("/api/pauses", asked, "application/json", headers=operator).json() == {"changed": 1}
    client.post("/api/pauses", {"connector": "*"}, "application/json", headers=operator)
    shown = client.get("/api/pauses", headers=operator).json()
    assert [(each["connector_key"], each["reason"]) for each in shown] == [
        ("*", "Paused by program through the API."),
        (connector.key, "Stocktaking."),
    ]
    for name in ("Back office", "*"):
        client.post("/api/pauses/resume", {"connector": name}, "application/json", headers=operator)
    assert not Pause.objects.exists()
    unknown = client.post("/api/pauses", {"connector": "Nobody"}, "application/json", headers=operator)
    assert unknown.status_code == 404
    assert "The connectors are: Back office" in unknown.json()["message"]


def test_tidying_up(client: Client, operator: dict[str, str]):
    make_unit(status=UnitStatus.FINISHED, finished_at="2020-01-01T00:00:00Z")
    pruned = client.post("/api/prune", {"days": 30}, "application/json", headers=operator)
    assert pruned.json() == {"removed": 1}
    assert client.post("/api/prune", {"days": -1}, "application/json", headers=operator).status_code == 422
    assert client.post("/api/repair", headers=operator).json()["recovered"] == 0


@pytest.mark.parametrize(
    "path",
    ["work/1/edit", "work/1/cancel", "prune", "repair", "schedules/1/pause", "pauses", "pauses/resume"],
)
def test_reading_does_not_include_operating(client: Client, path: str):
    body = {"payload": {}, "connector": "*"}
    answer = client.post(f"/api/{path}", body, "application/json", headers=token_of("view_order"))
    assert answer.status_code == 403
