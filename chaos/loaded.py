"""What a worker process has loaded before it starts: the hub, with shorter waits than a real one."""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mageferry.hub.settings")
django.setup()

from mageferry.hub.flows import outcomes  # noqa: E402 - the hub has to be set up first
from mageferry.hub.routes import sending  # noqa: E402 - as above
from mageferry.hub.setup import migrate_database  # noqa: E402
from mageferry.hub.work import outages  # noqa: E402

# A shop that is never really down needs no patience; the order of things stays as it is.
outcomes.FIRST_WAIT_SECONDS = 0.2
outcomes.LONGEST_WAIT_SECONDS = 1.0
sending.BEHIND_SECONDS = 0.3
outages.FIRST_PROBE_SECONDS = 0.5


def ready() -> None:
    """Make the hub's tables."""
    migrate_database()
