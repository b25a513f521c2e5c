"""The demo as a user runs it, also when it is killed in the middle."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e
MAKE_A_CONNECTOR = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "mageferry.hub.settings"
django.setup()
from mageferry.hub.connectors.models import Magento2Connector
Magento2Connector.objects.create(name="Real shop", endpoint="https://shop.example")
"""


def count(home: Path, query: str) -> int:
    with closing(sqlite3.connect(home / "hub.sqlite3")) as database:
        number: int = database.execute(query).fetchone()[0]
    return number


def test_the_demo_moves_orders_proves_it_and_doubles_nothing(
    run: Callable[..., subprocess.CompletedProcess[str]], environment: dict[str, str]
) -> None:
    done = run("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "What moved" in done.stdout
    assert "the billing last name is missing" in done.stdout
    assert "All good" in done.stdout
    home = Path(environment["MAGEFERRY_HOME"])
    exported = count(home, "SELECT count(*) FROM orders_magento WHERE direction = 'exported'")
    assert exported == 24
    again = run("demo")
    assert again.returncode == 0, again.stdout + again.stderr
    assert count(home, "SELECT count(*) FROM orders_magento WHERE direction = 'exported'") == 2 * exported


def test_a_demo_killed_in_the_middle_is_made_good_by_the_next(
    run: Callable[..., subprocess.CompletedProcess[str]], environment: dict[str, str]
) -> None:
    """kill -9 of the whole process group at three moments: nothing is lost or doubled afterwards."""
    for wait_seconds in (2.0, 2.6, 3.4):
        command = [Path(sys.executable).with_name("mageferry"), "demo"]
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(wait_seconds)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done = run("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All good" in done.stdout


def test_the_demo_keeps_away_from_a_hub_that_is_in_use(
    run: Callable[..., subprocess.CompletedProcess[str]], environment: dict[str, str]
) -> None:
    assert run("migrate").returncode == 0
    subprocess.run([sys.executable, "-c", MAKE_A_CONNECTOR], env=environment, check=True)
    refused = run("demo")
    assert refused.returncode == 1
    assert "connectors of its own" in refused.stdout
