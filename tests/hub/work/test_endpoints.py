"""/ready and /metrics, and the pages of the ledger."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from mageferry.hub.configuration import configuration
from mageferry.hub.work import endpoints, exposition, ledger, scheduler
from mageferry.hub.work.models import Lease, Mark, Schedule, UnitStatus, WorkUnit
from tests.hub.work.builders import add, claim_one

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # unfold 0.110 hasn't followed Django 6.1 here yet.
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ruth", "", "a password for tests"))
    return client


def test_ready_says_what_is_missing(client: Client):
    answer = client.get("/ready")
    assert answer.status_code == 503
    assert answer.json() == {
        "database": "ok", "tables": "ok", "scheduler": "none has ticked lately; start one: mageferry scheduler",
    }  # fmt: skip
    Lease.objects.filter(name__startswith="chore:").delete()
    scheduler._beat()
    assert client.get("/ready").status_code == 200


def test_metrics_are_for_staff_and_for_the_token(
    client: Client, staff: Client, monkeypatch: pytest.MonkeyPatch
):
    assert client.get("/metrics").status_code == 401
    assert staff.get("/metrics").status_code == 200
    chosen = configuration().model_copy(update={"metrics_token": "a-long-token"})
    monkeypatch.setattr(endpoints, "configuration", lambda: chosen)
    assert client.get("/metrics", headers={"Authorization": "Bearer a-long-token"}).status_code == 200
    assert client.get("/metrics", headers={"Authorization": "Bearer another"}).status_code == 401


def test_metrics_show_units_marks_and_lag(staff: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exposition, "_COUNTED_AGAIN_SECONDS", 0)
    add(2, kind="export_order")
    ledger.settle(claim_one(), ledger.finished())
    Mark.objects.create(scope="magento2_seller:1", flow="get_orders", value="2020-01-01T00:00:00Z")
    text = exposition.render_metrics().decode()
    assert 'mageferry_units{kind="export_order",status="Finished"} 1.0' in text
    assert 'mageferry_units{kind="export_order",status="New"} 1.0' in text
    assert 'mageferry_oldest_unit_age_seconds{kind="export_order"}' in text
    assert 'mageferry_mark_lag_seconds{flow="get_orders",scope="magento2_seller:1"}' in text
    assert 'mageferry_units_settled_total{kind="export_order",status="finished"}' in text


def test_a_person_edits_the_payload_of_a_failed_unit_and_it_is_due(staff: Client):
    add(payload={"order": 1})
    ledger.settle(claim_one(), ledger.failed("Refused."))
    unit = WorkUnit.objects.get()
    page = f"/admin/work/workunit/{unit.pk}/change/"
    assert staff.get(page).status_code == 200
    answer = staff.post(page, {"payload": '["no"]'})
    assert "must be a JSON object" in answer.content.decode()
    assert staff.post(page, {"payload": '{"order": 2}'}).status_code == 302
    unit.refresh_from_db()
    assert (unit.status, unit.payload) == (UnitStatus.NEW, {"order": 2})


@pytest.mark.parametrize(
    ("action", "status"), [("try_again", "new"), ("skip", "skipped"), ("cancel", "rejected")]
)
def test_a_person_acts_on_chosen_units(staff: Client, action: str, status: str):
    add()
    ledger.settle(claim_one(), ledger.retry("Away.", 60))
    unit = WorkUnit.objects.get()
    staff.post("/admin/work/workunit/", {"action": action, "_selected_action": [unit.pk]})
    unit.refresh_from_db()
    assert unit.status == status


def test_a_viewer_cannot_act(client: Client):
    from django.contrib.auth.models import Permission

    viewer = User.objects.create_user("vic", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_workunit"))
    client.force_login(viewer)
    add()
    unit = WorkUnit.objects.get()
    assert client.get("/admin/work/workunit/").status_code == 200
    client.post("/admin/work/workunit/", {"action": "skip", "_selected_action": [unit.pk]})
    client.post(f"/admin/work/workunit/{unit.pk}/change/", {"payload": "{}"})
    unit.refresh_from_db()
    assert unit.status == UnitStatus.NEW


def test_a_person_edits_a_schedule_and_bad_text_is_a_form_error(staff: Client):
    schedule = Schedule.objects.create(
        kind="job", flow="f", scope="s", cron="0 * * * *", title="Get Orders: x"
    )
    page = f"/admin/work/schedule/{schedule.pk}/change/"
    form = {"cron": "0 99 * * *", "time_zone": "berlin", "spread_seconds": "0"}
    text = staff.post(page, form).content.decode()
    assert "bad hour" in text
    assert "Did you mean Europe/Berlin?" in text
    form = {"cron": "0 3 * * *", "time_zone": "Europe/Berlin", "spread_seconds": "0"}
    assert staff.post(page, form).status_code == 302
    schedule.refresh_from_db()
    assert schedule.next_at is not None
    assert schedule.next_at.hour in (1, 2)
