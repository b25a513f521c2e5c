"""Many machines' parts on one: PostgreSQL, RabbitMQ, Celery workers and schedulers, and everything that goes wrong."""

from __future__ import annotations

import functools
import os
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from kombu import Connection

from mageferry.hub.configuration import configuration
from mageferry.hub.work import broker
from mageferry.hub.work.broker import QUEUE, BrokerUnreachable
from mageferry.hub.work.models import UnitStatus, WorkUnit
from tests.hub.work.installation import (
    PATIENCE_SECONDS,
    ROOT,
    STANDSTILL_SECONDS,
    Installation,
    assert_each_once,
    await_end,
    effects,
    unfinished,
    write_units,
)

pytestmark = pytest.mark.django_db(transaction=True)

UNITS = int(os.environ.get("PROOF_UNITS", "3000"))
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


class Rabbit:
    """A RabbitMQ of our own."""

    def __init__(self) -> None:
        self.directory = self._script("start")
        self.url = (Path(self.directory) / "url").read_text(encoding="ascii").strip()

    def restart(self) -> None:
        self._script("halt", self.directory)
        self._script("again", self.directory)

    def halt(self) -> None:
        self._script("halt", self.directory)

    def stop(self) -> None:
        self._script("stop", self.directory)

    def lose_messages(self) -> int:
        with Connection(self.url) as link, link.channel() as channel:
            lost: int = channel.queue_purge(QUEUE)
        return lost

    def double_messages(self, count: int) -> None:
        with pytest.MonkeyPatch.context() as patch:
            use_broker(patch, self.url)
            for _ in range(count):
                broker.CeleryDispatcher().wake(1)

    def _script(self, *words: str) -> str:
        done = subprocess.run(
            [ROOT / "scripts" / "rabbitmq.sh", *words],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=300,
        )
        return done.stdout.strip()


def use_broker(patch: pytest.MonkeyPatch, url: str) -> None:
    """Let this process talk to a broker too."""
    chosen = configuration().model_copy(update={"broker_url": url})
    patch.setattr(broker, "configuration", lambda: chosen)
    patch.setattr(broker, "celery_app", functools.cache(broker.celery_app.__wrapped__))


@pytest.fixture(scope="module")
def rabbit() -> Iterator[Rabbit]:
    running = Rabbit()
    yield running
    running.stop()


@pytest.fixture
def installation(tmp_path: Path, rabbit: Rabbit) -> Iterator[Installation]:
    running = Installation(tmp_path / "log", MAGEFERRY_BROKER_URL=rabbit.url)
    with effects():
        yield running
        running.close()


def await_progress(count: int) -> None:
    """Until so many more units are finished."""
    left = unfinished()
    goal, deadline = max(0, left - count), time.monotonic() + STANDSTILL_SECONDS
    while left > goal:
        assert time.monotonic() < deadline, "nothing moves"
        time.sleep(0.05)
        before, left = left, unfinished()
        if left != before:
            deadline = time.monotonic() + STANDSTILL_SECONDS


def await_log(installation: Installation, words: str) -> None:
    """Until a process has said these words."""
    deadline = time.monotonic() + STANDSTILL_SECONDS
    while words not in installation.log.read_text():
        assert time.monotonic() < deadline, f"nobody says: {words}"
        time.sleep(0.1)


def restart_database() -> None:
    """All connections break, ours too."""
    subprocess.run(
        [ROOT / "scripts" / "postgres.sh", "restart", os.environ["POSTGRES_TEST_DIRECTORY"]],
        check=True,
        timeout=120,
    )
    connection.close()
    deadline = time.monotonic() + 30
    while True:
        try:
            connection.ensure_connection()
            return
        except OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def faketime() -> Path:
    """The library that gives a process another clock; Debian's package when it is missing."""
    if not FAKETIME.exists():
        subprocess.run([ROOT / "scripts" / "debian.sh", "faketime"], check=True, timeout=300)
    return FAKETIME


def test_whatever_goes_wrong_each_unit_is_done_once(installation: Installation, rabbit: Rabbit):
    chance = random.Random(2)
    write_units(UNITS)
    wrong_clock = {"LD_PRELOAD": str(faketime()), "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    installation.start("worker")
    installation.start("worker")
    installation.start("worker", **wrong_clock, FAKETIME="+3h")
    installation.start("worker", **wrong_clock, FAKETIME="-3h")
    installation.start("scheduler")
    installation.start("scheduler", **wrong_clock, FAKETIME="+1h")
    step = max(20, UNITS // 20)
    await_progress(step)
    rabbit.lose_messages()
    installation.kill_one(chance)
    await_progress(step)
    rabbit.double_messages(100)
    installation.kill_one(chance)
    await_progress(step)
    rabbit.restart()
    await_progress(step)
    installation.kill_one(chance)
    restart_database()
    await_progress(step)
    installation.kill_one(chance)
    worst = await_end(180 + UNITS / 50)
    assert_each_once(UNITS)
    assert worst < PATIENCE_SECONDS, "no unit stays with a dead worker"
    assert installation.end() == [0] * 6


def test_a_broker_that_is_away_at_the_start_and_later_only_delays(installation: Installation, rabbit: Rabbit):
    rabbit.halt()
    installation.start("worker")
    installation.start("scheduler")
    write_units(50)
    await_log(installation, "the broker can't be reached")
    assert not WorkUnit.objects.filter(status=UnitStatus.FINISHED).exists()
    rabbit._script("again", rabbit.directory)
    await_end(90)
    assert_each_once(50)
    log = installation.log.read_text()
    assert "Look at MAGEFERRY_BROKER_URL" in log
    assert "guest:guest" not in log


def test_a_wake_up_without_a_broker_fails_soon_and_in_words(monkeypatch: pytest.MonkeyPatch):
    use_broker(monkeypatch, "amqp://user:hidden@127.0.0.1:1/")
    dispatcher = broker.CeleryDispatcher()
    with pytest.raises(BrokerUnreachable, match=r"the broker can't be reached \(") as caught:
        dispatcher.wake(1)
    assert "hidden" not in str(caught.value)
    with pytest.raises(BrokerUnreachable, match="a moment ago"):
        dispatcher.wake(1)
