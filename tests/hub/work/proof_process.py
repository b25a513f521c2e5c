"""A worker or scheduler process as the command line starts it, with handlers of its own: for the proofs.

python -m tests.hub.work.proof_process worker
python -m tests.hub.work.proof_process scheduler
"""

from __future__ import annotations

import os
import random
import sys
import time
from typing import TYPE_CHECKING

import django
from django.db import connection

if TYPE_CHECKING:
    from mageferry.hub.work.ledger import Claim, Outcome


def note(held: Claim) -> Outcome:
    """Takes a moment; its effect is a row that may be there only once."""
    from mageferry.hub.work import ledger

    time.sleep(random.uniform(0, 0.02))

    def effect() -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO proof_effect (unit) VALUES (%s)", [held.pk])

    if random.random() < 0.02:
        return ledger.retry("Not this time.", 0.1)
    return ledger.finished(effect)


def end_the_worker(held: Claim) -> Outcome:
    """What running out of memory does."""
    os._exit(9)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mageferry.hub.settings")
    django.setup()
    from mageferry.hub.work.handling import handles
    from mageferry.hub.work.processes import run_scheduler, run_worker

    handles("proof")(note)
    handles("poison")(end_the_worker)
    if sys.argv[1] == "worker":
        run_worker()
    else:
        run_scheduler()


if __name__ == "__main__":
    main()
