"""How attempts at tasks end in the database: their requests, their tasks' own rows, the memory of what was processed.

Of attempts that are recorded together each kind of row is written by one statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone

from mageferry.hub.pipelines.journal import write_rows
from mageferry.hub.routes.models import RouteTask
from mageferry.hub.routes.rows import add_exchanges, change_tasks, free_dedup_keys, put_looks
from mageferry.hub.work.bulk import Row

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class End:
    """What is written of an attempt. `notes`: requests of the task; `requests`: the same for the client's log.

    `is_processed`: the entity is done with in this look.
    """

    task: RouteTask
    changes: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[Row] = ()
    requests: Sequence[Row] = ()
    is_processed: bool = False


def write_ends(ends: Sequence[End]) -> None:
    """Write them all; in a transaction of the caller's."""
    write_notes(ends)
    changed = [(end.task.pk, end.changes) for end in ends if end.changes]
    if changed:
        change_tasks(changed)
    processed = [end.task for end in ends if end.is_processed]
    if processed:
        remember(processed)


def remember(tasks: Sequence[RouteTask]) -> None:
    """The entities are processed in these looks; in the transaction that finishes their tasks."""
    put_looks(tasks, timezone.now())
    free_dedup_keys(tasks)


def write_notes(ends: Sequence[End]) -> None:
    """Write requests and answers; in a transaction of the caller's.

    Where that can't be done the attempt goes on: what the answer says is worth more than the note.
    """
    notes = [row for end in ends for row in end.notes]
    requests = [row for end in ends for row in end.requests]
    if not notes and not requests:
        return
    try:
        with transaction.atomic():
            add_exchanges(notes)
            write_rows(requests)
    except (DatabaseError, ValueError) as error:
        if len(ends) > 1:
            # One of them may be the reason.
            for end in ends:
                write_notes([end])
            return
        log.error("A request of a task couldn't be written down", error=type(error).__name__)
