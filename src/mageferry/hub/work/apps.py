"""The room of the work ledger."""

from __future__ import annotations

import sys

from django.apps import AppConfig

# A thread that comes back from the database asks for the interpreter anew, and within a transaction others wait for
# it meanwhile. Python's own 5 ms for each statement would make ten threads slower than one.
SWITCH_SECONDS = 0.0005


class WorkConfig(AppConfig):
    name = "mageferry.hub.work"
    label = "work"
    verbose_name = "Work"

    def ready(self) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
