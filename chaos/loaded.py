"""What every process of a run has loaded before it is forked: the hub, with shorter waits than a real one."""

from __future__ import annotations

import os
from pathlib import Path

import django
from django.db import connection, connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mageferry.hub.settings")
django.setup()

from mageferry.hub.flows import create_return, outcomes  # noqa: E402 - the hub has to be set up first
from mageferry.hub.routes import sending  # noqa: E402 - as above
from mageferry.hub.setup import migrate_database  # noqa: E402
from mageferry.hub.work import outages  # noqa: E402

# A shop that is never really down needs no patience; the order of things stays as it is.
outcomes.FIRST_WAIT_SECONDS = 0.2
outcomes.LONGEST_WAIT_SECONDS = 1.0
create_return.TURN_SECONDS = 0.3
sending.BEHIND_SECONDS = 0.3
outages.FIRST_PROBE_SECONDS = 0.5


def ready() -> None:
    """Make the hub's tables."""
    migrate_database()
    connection.close()


def use_database(file: Path) -> None:
    """Another database for this process, before anything of it was opened. The home with its key stays."""
    connections.settings["default"]["NAME"] = str(file)
