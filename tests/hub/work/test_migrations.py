"""Upgrades: the tables change while workers of the previous version go on working on them."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import F
from django.utils import timezone

from mageferry.hub.work import ledger
from mageferry.hub.work.models import UnitStatus, WorkUnit

pytestmark = pytest.mark.django_db(transaction=True)

FINISHED, WAITING = 3000, 400


@pytest.fixture
def first_version() -> Iterator[Any]:
    """The database as the first version made it; gives that version's model of a unit."""
    call_command("migrate", "work", "0001", verbosity=0)
    loader = MigrationExecutor(connection).loader
    yield loader.project_state(("work", "0001_initial")).apps.get_model("work", "WorkUnit")
    # Also the tables of other rooms, that went back with these.
    call_command("migrate", verbosity=0)


def work_as_the_first_version(
    units: Any, stop: threading.Event, done: list[int], failures: list[str]
) -> None:
    """The first version's worker: claim by compare-and-swap, settle under the token, and write a unit now and then."""
    try:
        while not stop.is_set():
            due = units.objects.filter(status__in=("new", "retry")).order_by("priority", "id")
            found = due.values_list("pk", "lease_token").first()
            if found is None:
                stop.wait(0.01)
                continue
            pk, token = found
            swapped = units.objects.filter(pk=pk, lease_token=token, status__in=("new", "retry")).update(
                status="processing", lease_token=F("lease_token") + 1, lease_owner="old",
                lease_expires_at=timezone.now() + dt.timedelta(seconds=120),
            )  # fmt: skip
            if swapped and units.objects.filter(pk=pk, lease_token=token + 1, status="processing").update(
                status="finished", lease_owner="", lease_expires_at=None, finished_at=timezone.now()
            ):
                done.append(pk)
                if len(done) % 20 == 0:
                    units.objects.create(kind="old", subject=f"caused by {pk}")
    except Exception as error:
        failures.append(repr(error))
    finally:
        connection.close()


def test_a_filled_database_is_upgraded_while_old_workers_work_and_new_ones_go_on(first_version: Any):
    units = first_version
    units.objects.bulk_create(
        units(kind="old", subject=str(number), status="finished") for number in range(FINISHED)
    )
    units.objects.bulk_create(units(kind="old", subject=str(number)) for number in range(WAITING))
    stop, failures = threading.Event(), list[str]()
    done: list[list[int]] = [[], []]
    workers = [
        threading.Thread(target=work_as_the_first_version, args=(units, stop, part, failures))
        for part in done
    ]
    for worker in workers:
        worker.start()
    while not all(done):
        time.sleep(0.01)
    call_command("migrate", "work", verbosity=0)
    # New workers join before the last old one is gone.
    mine: list[int] = []
    for held in ledger.claim("new worker", limit=20):
        ledger.settle(held, ledger.finished())
        mine.append(held.pk)
    while WorkUnit.objects.filter(status=UnitStatus.NEW).exists() and not failures:
        time.sleep(0.02)
    stop.set()
    for worker in workers:
        worker.join()
    assert failures == []
    everything = [*done[0], *done[1], *mine]
    assert len(everything) == len(set(everything)), "a unit was done twice"
    assert len(everything) >= WAITING
    assert not WorkUnit.objects.exclude(status=UnitStatus.FINISHED).exists()
    assert WorkUnit.objects.filter(turn=0, deaths=0).count() >= FINISHED + WAITING
