"""Routes and all that belongs to them as lines: complete, without secrets, the same again, refused as a whole."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from typer.testing import CliRunner, Result

from mageferry.cli.main import app
from mageferry.http.redaction import Secret
from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.routes.models import GlobalValue, Incoming, Outgoing, Route, Storage, StoredTest
from mageferry.hub.routes.schedules import follow_routes, schedule_of
from mageferry.hub.routes.settings import description_of, find_problems, put_settings
from mageferry.hub.routes.storages import put_value
from mageferry.hub.trade.models import Account, Location, Marketplace
from mageferry.hub.transfer import export_lines, import_lines
from mageferry.hub.work.models import Schedule
from mageferry.hub.work.schedules import set_schedule
from tests.hub.routes.builders import make_incoming, make_route

pytestmark = pytest.mark.django_db
CANARY = "canary-8812-canary"
ALL = ("route", "incoming", "outgoing", "http_client", "global_value", "storage", "account", "stored_test")


def fill() -> None:
    """One record of each kind, with secrets where they can be."""
    market = Marketplace.objects.create(name="Market", code="market")
    account = Account.objects.create(name="Market DE", code="MDE", marketplace=market)
    Location.objects.create(name="Main", code="main")
    storage = Storage.objects.create(name="Rates", code="rates", lifetime_seconds=3600)
    put_value(storage, "DE", {"rate": 19})
    GlobalValue.objects.create(name="branch", value={"id": 4})
    GlobalValue.objects.create(name="api_key", is_secret=True, secret=Secret(CANARY))
    route = make_route(
        "https://erp.example/api", priority=10, transformers=[{"type": "set", "target": "a", "value": 1}]
    )
    follow_routes()
    schedule = schedule_of(route)
    assert schedule is not None
    set_schedule(schedule, cron="5 * * * *", time_zone="Europe/Berlin")
    make_incoming(None, {"entity": "shipment"}, name="Shipped", code="shipped", type="hub", account=account)
    make_incoming(
        None, {"secret": {"secret": CANARY, "name": "X-Key"}}, name="Hook", code="hook", type="webhook"
    )
    StoredTest.objects.create(name="Adds a", route=route, input=[{}], expected=[{"a": 1}])


def clear() -> None:
    for model in (StoredTest, Route, Incoming, Outgoing, HttpClientRecord, GlobalValue, Storage, Schedule):
        model.objects.all().delete()
    for party in (Account, Marketplace, Location):
        party.objects.all().delete()


def exported(**options: Any) -> bytes:
    return b"".join(export_lines(**options))


def documents(content: bytes) -> dict[str, dict[str, Any]]:
    """The lines by kind and code."""
    read = [orjson.loads(line) for line in content.splitlines()]
    return {f"{each['kind']} {each.get('code') or each.get('name')}": each for each in read}


def test_an_export_has_everything_in_order_and_no_secret() -> None:
    fill()
    content = exported()
    assert CANARY.encode() not in content
    kinds = list(dict.fromkeys(orjson.loads(line)["kind"] for line in content.splitlines()))
    assert kinds == [
        "marketplace", "location", "account", "global_value", "storage", "http_client", "incoming", "outgoing",
        "route", "stored_test",
    ]  # fmt: skip
    lines = documents(content)
    assert lines["incoming hook"]["secrets_to_enter"] == ["settings.secret.secret"]
    assert lines["global_value api_key"]["secrets_to_enter"] == ["value"]
    assert lines["incoming shipped"]["account"] == "MDE"
    route = lines["route orders"]
    assert (route["incoming"], route["outgoing"], route["priority"]) == ("orders-in", "sales-out", 10)
    assert route["schedule"] == {
        "cron": "5 * * * *", "time_zone": "Europe/Berlin", "spread_seconds": 300, "paused": False,
    }  # fmt: skip


def test_an_import_makes_the_same_records_and_names_the_secrets_that_are_missing() -> None:
    fill()
    content = exported(on_demand=["storage_entry"])
    clear()
    report = import_lines(content, dry_run=False)
    assert report.stored, [line for line in report.lines if line.problems]
    to_enter = {f"{line.kind} {line.code}": line.secrets_to_enter for line in report.lines}
    assert {name: secrets for name, secrets in to_enter.items() if secrets} == {
        "global_value api_key": ["value"],
        "incoming hook": ["settings.secret.secret"],
    }
    assert documents(exported(on_demand=["storage_entry"])) == documents(content)
    assert Storage.objects.get().entries.get().value == {"rate": 19}
    schedule = Schedule.objects.get()
    assert schedule.next_at is not None
    assert schedule.next_at > dt.datetime.now(dt.UTC)
    assert follow_routes() == 0, "the route has its schedule"


def test_a_second_import_changes_nothing_and_keeps_the_secrets() -> None:
    fill()
    content = exported(on_demand=["storage_entry"])
    report = import_lines(content, dry_run=False)
    assert {line.action for line in report.lines} == {"unchanged"}
    assert [line.secrets_to_enter for line in report.lines if line.secrets_to_enter] == []
    hook = Incoming.objects.get(code="hook")
    assert description_of(hook).secret.secret.reveal() == CANARY
    assert GlobalValue.objects.get(name="api_key").at_hand.reveal() == CANARY


def test_a_missing_secret_keeps_a_webhook_from_being_used_until_it_is_entered() -> None:
    line = {
        "kind": "incoming", "code": "hook", "name": "Hook", "type": "webhook",
        "settings": {"secret": {"name": "X-Key"}},
    }  # fmt: skip
    report = import_lines(orjson.dumps(line), dry_run=False)
    assert (report.lines[0].action, report.lines[0].secrets_to_enter) == (
        "created",
        ["settings.secret.secret"],
    )
    hook = Incoming.objects.get()
    assert [str(problem) for problem in find_problems(hook)] == ["secret.secret: is missing"]
    assert (
        run("config", "set", "incoming", "hook", "settings.secret.secret", input=f"{CANARY}\n").exit_code == 0
    )
    hook.refresh_from_db()
    assert find_problems(hook) == []
    assert description_of(hook).secret.secret.reveal() == CANARY


def test_a_line_with_a_secret_stores_it_and_says_so_without_showing_it() -> None:
    fill()
    line = {"kind": "global_value", "name": "api_key", "is_secret": True, "value": f"{CANARY}-2"}
    report = import_lines(orjson.dumps(line), dry_run=False)
    assert (report.lines[0].action, report.lines[0].changed) == ("changed", ["secrets"])
    assert CANARY not in str(report)
    assert GlobalValue.objects.get(name="api_key").at_hand.reveal() == f"{CANARY}-2"


def test_placeholders_of_the_environment_stay_as_they_are() -> None:
    line = {
        "kind": "http_client", "code": "erp", "name": "ERP", "base_uri": "https://${ERP_HOST}/api",
        "own_authentication": {"type": "basic", "username": "hub", "password": "${ERP_PASSWORD}"},
    }  # fmt: skip
    assert import_lines(orjson.dumps(line), dry_run=False).stored
    assert documents(exported())["http_client erp"]["base_uri"] == "https://${ERP_HOST}/api"


def test_a_dry_run_tells_each_difference_and_stores_nothing() -> None:
    fill()
    lines = documents(exported())
    route, outgoing = lines["route orders"], lines["outgoing sales-out"]
    route["schedule"]["cron"] = "0 4 * * *"
    route["transformers"][0]["value"] = "two"
    outgoing["settings"]["request"]["path"] = "/orders"
    report = import_lines(b"\n".join(map(orjson.dumps, [route, outgoing])), dry_run=True)
    assert [line.differences for line in report.lines] == [
        ['transformers[0].value: 1 -> "two"', 'schedule.cron: "5 * * * *" -> "0 4 * * *"'],
        ['settings.request.path: "/sales" -> "/orders"'],
    ]
    assert not report.stored
    assert documents(exported())["route orders"]["schedule"]["cron"] == "5 * * * *"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"incoming": "nowhere"},
            "incoming: there is no incoming 'nowhere'. There are: hook, orders-in, shipped.",
        ),
        ({"transformers": [{"type": "x"}]}, "transformers[0].type: there is no such type"),
        ({"schedule": {"cron": "hourly-ish"}}, "schedule.cron: "),
        ({"schedule": {"time_zone": "Mars"}}, "schedule.time_zone: "),
        ({"incoming": "hook"}, "schedule: deliveries to a webhook come by themselves: leave it out"),
        ({"priority": 101}, "priority: "),
        ({"changes": "sometimes"}, "changes: "),
        ({"colour": 1}, "colour: extra inputs are not permitted"),
        ({"retry_statuses": "many"}, "retry_statuses: "),
    ],
)
def test_a_wrong_route_is_refused_and_nothing_at_all_is_stored(changes: dict[str, Any], problem: str) -> None:
    fill()
    route = documents(exported())["route orders"] | changes
    other = {"kind": "marketplace", "code": "new", "name": "New"}
    report = import_lines(b"\n".join(map(orjson.dumps, [route, other])), dry_run=False)
    assert [line.action for line in report.lines] == ["refused", "created"]
    assert report.lines[0].problems[0].startswith(problem)
    assert not report.stored
    assert not Marketplace.objects.filter(code="new").exists()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"kind": "incoming", "type": "http", "settings": {}}, "settings.request: is missing"),
        (
            {"kind": "incoming", "type": "storage", "settings": {}},
            "storage: a storage is needed. Choose one",
        ),
        ({"kind": "outgoing", "type": "pigeon"}, "type: there is no such type. There are: http, chain, hub, storage."),
        ({"kind": "account", "marketplace": "none"}, "marketplace: there is no marketplace 'none'."),
        ({"kind": "global_value", "is_secret": True, "value": 3}, "value: a secret is a text"),
        ({"kind": "storage_entry", "storage": "none", "key": "k"}, "storage: there is no storage 'none'."),
        (
            {"kind": "outgoing", "type": "http", "settings": {"request": {"path": "/", "headers": {"api-key": "x"}}}},
            "settings.request.headers.api-key: api-key names a secret",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_line_is_said_with_its_place(line: dict[str, Any], problem: str) -> None:
    named = {} if line["kind"] == "storage_entry" else {"name": "new"}
    coded = {} if line["kind"] in ("storage_entry", "global_value") else {"code": "new"}
    report = import_lines(orjson.dumps({**line, **named, **coded}), dry_run=False)
    assert report.refused
    assert report.lines[0].problems[0].startswith(problem)


def test_two_lines_about_the_same_record_are_refused() -> None:
    line = orjson.dumps({"kind": "location", "code": "main", "name": "Main"})
    report = import_lines(line + b"\n" + line, dry_run=False)
    assert report.lines[1].problems == ["line 1 is about the same record: leave one of them out"]
    assert not report.stored


def run(*words: str, input: str | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=input)


def test_the_command_line_exports_what_is_asked_for(tmp_path: Path) -> None:
    fill()
    file = tmp_path / "all.ndjson"
    assert "14 lines written" in run("config", "export", str(file), "--entries").output
    only = run("config", "export", "--only", "route").output
    assert [orjson.loads(line)["code"] for line in only.splitlines()] == ["orders"]
    assert "There is no kind 'pigeon'" in run("config", "export", "--only", "pigeon").output
    clear()
    assert "14 created" in run("config", "import", str(file)).output
    assert "14 unchanged" in run("config", "import", str(file)).output


def test_the_command_line_changes_one_field() -> None:
    fill()
    assert run("config", "set", "route", "orders", "schedule.cron", "0 6 * * *").exit_code == 0
    assert run("config", "set", "outgoing", "sales-out", "settings.request.path", "/orders").exit_code == 0
    lines = documents(exported())
    assert lines["route orders"]["schedule"]["cron"] == "0 6 * * *"
    assert lines["outgoing sales-out"]["settings"]["request"]["path"] == "/orders"
    assert (
        "There is no route with the code 'none'" in run("config", "set", "route", "none", "name", "x").output
    )
    assert (
        "There is no place 'steps[3].x'" in run("config", "set", "route", "orders", "steps[3].x", "1").output
    )
    assert "priority:" in run("config", "set", "route", "orders", "priority", "101").output


def test_somebody_without_the_rights_neither_exports_nor_imports(client: Client) -> None:
    fill()
    user = User.objects.create_user("ann", is_staff=True)
    client.force_login(user)
    line = orjson.dumps({"kind": "location", "code": "new", "name": "New"})
    address = "/api/config/import?dry_run=false"
    assert client.get("/api/config/export").status_code == 403
    assert client.post(address, line, "application/json").status_code == 403
    rights = Permission.objects.filter(codename__in=("add_location", "change_location"))
    user.user_permissions.set(rights)
    assert client.post(address, line, "application/json").json()["stored"] is True
    other = orjson.dumps({"kind": "marketplace", "code": "new", "name": "New"})
    assert client.post(address, other, "application/json").status_code == 403


def test_settings_given_a_mask_without_anything_stored_are_missing_their_secret() -> None:
    incoming = Incoming(name="Hook", code="hook", type="webhook")
    put_settings(incoming, {"secret": {"secret": "********", "name": "X-Key"}}, whole=False)
    assert [str(problem) for problem in find_problems(incoming)] == ["secret.secret: is missing"]
