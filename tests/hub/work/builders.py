"""Units of work to test with, and ways to let time pass for them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from mageferry.hub.work import ledger
from mageferry.hub.work.ledger import Claim, Intent
from mageferry.hub.work.models import UnitStatus, WorkUnit

LONG_AGO = "2020-01-01T00:00:00Z"


def add(count: int = 1, **changes: Any) -> None:
    """Write units of the kind `job`."""
    values: dict[str, Any] = {"kind": "job", "subject": "a thing", **changes}
    ledger.write_intents([Intent(**values) for _ in range(count)])


def claim_one(owner: str = "worker") -> Claim:
    (held,) = ledger.claim(owner)
    return held


def end_leases() -> None:
    """What time does after a kill -9: the leases of running units are over."""
    WorkUnit.objects.filter(status=UnitStatus.PROCESSING).update(lease_expires_at=LONG_AGO)


def reach_their_time() -> None:
    """What time does for units that wait for theirs."""
    WorkUnit.objects.filter(not_before__isnull=False).update(not_before=LONG_AGO)


def owner_of_a_dead_process() -> str:
    """What a process of this machine called itself that has ended since."""
    code = "from mageferry.hub.work.owners import owner_name; print(owner_name('worker'))"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
