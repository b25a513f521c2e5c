"""The same ledger with Redis as the broker: a message is a wake-up, so losing all of them loses nothing."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from kombu import Connection

from tests.hub.work.installation import (
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

UNITS = 600


@dataclass(frozen=True, slots=True)
class Redis:
    """A Redis of our own, without a file."""

    url: str

    def lose_messages(self) -> None:
        with Connection(self.url) as link, link.channel() as channel:
            channel.client.flushall()


def program() -> str:
    """The server; Debian's package when it is missing."""
    if shutil.which("redis-server") is None:
        subprocess.run([ROOT / "scripts" / "debian.sh", "redis-server"], check=True, timeout=300)
    found = shutil.which("redis-server")
    assert found
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    port = free_port()
    command = [program(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with (tmp_path / "redis").open("wb") as log:
        server = subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    running = Redis(f"redis://127.0.0.1:{port}/0")
    with Connection(running.url) as link:
        link.ensure_connection(max_retries=20, interval_start=0.1, interval_step=0.1)
    yield running
    server.terminate()
    server.wait(20)


@pytest.fixture
def installation(tmp_path: Path, redis: Redis) -> Iterator[Installation]:
    running = Installation(tmp_path / "log", MAGEFERRY_BROKER_URL=redis.url)
    with effects():
        yield running
        running.close()


def test_lost_messages_and_killed_workers_lose_and_double_nothing(installation: Installation, redis: Redis):
    write_units(UNITS)
    installation.start("worker")
    installation.start("worker")
    installation.start("scheduler")
    for goal in (UNITS * 3 // 4, UNITS // 2):
        deadline = time.monotonic() + STANDSTILL_SECONDS
        while unfinished() > goal:
            assert time.monotonic() < deadline, installation.log.read_text()
            time.sleep(0.05)
        redis.lose_messages()
        installation.kill_one(random.Random(goal))
    await_end(120)
    assert_each_once(UNITS)
