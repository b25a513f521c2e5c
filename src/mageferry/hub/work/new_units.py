"""Intents become rows of the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils import timezone

from mageferry.hub.work import waking
from mageferry.hub.work.bulk import Row, Table, json_text
from mageferry.hub.work.clock import database_now
from mageferry.hub.work.models import Step, UnitStatus, WorkUnit
from mageferry.hub.work.turns import assign_turns
from mageferry.hub.work.units import Intent, check_payload

_ASKED_AT_ONCE = 1000
_WAITS: Final = (UnitStatus.WAITING.value, Step.INTENT.value)
_IS_DUE: Final = (UnitStatus.NEW.value, Step.INTENT.value)
_ROWS: Final = Table(
    WorkUnit,
    *("kind", "subject", "connector_key", "dedup_key", "payload", "priority", "turn", "trace"),
    *("status", "step", "not_before", "created_at", "updated_at"),
    *("deaths", "attempts", "reason", "remedy", "request", "answer", "result"),
    *("lease_owner", "lease_token", "lease_expires_at", "finished_at"),
)
_NOTHING_YET: Final = (0, 0, "", "", "", "", "{}", "", 0, None, None)


@dataclass(slots=True)
class _Queued:
    """An intent with its place in the queue."""

    intent: Intent
    connector_key: str
    priority: int
    turn: int = 0


def insert_units(intents: Iterable[Intent]) -> list[tuple[int, str | None]]:
    """Write units; one whose dedup key is already there is left out. Returns key and dedup key of those that were new.

    Raises PayloadTooLarge, BadPayload.
    """
    wanted = _wanted(intents)
    if not wanted:
        return []
    with transaction.atomic():
        queued = [_Queued(intent, intent.connector_key, intent.priority) for intent in wanted]
        assign_turns(queued)
        waits = any(intent.wait_seconds > 0 for intent in wanted)
        now, at = timezone.now(), database_now() if waits else None
        # Somebody else may write the same at this moment: only one of the two rows is.
        made = _ROWS.insert_new([_row(each, now, at) for each in queued], "pk", "dedup_key")
        waking.wake_after_commit(len(made))
    return sorted((int(pk), key) for pk, key in made)


def _row(queued: _Queued, now: dt.datetime, at: dt.datetime | None) -> Row:
    """`at`: the database's clock, for those that wait."""
    intent = queued.intent
    later = at is not None and intent.wait_seconds > 0
    return (
        *(intent.kind, intent.subject, intent.connector_key, intent.dedup_key, json_text(intent.payload)),
        *(intent.priority, queued.turn, intent.trace, *(_WAITS if later else _IS_DUE)),
        at + dt.timedelta(seconds=intent.wait_seconds) if at is not None and later else None,
        *(now, now, *_NOTHING_YET),
    )


def _wanted(intents: Iterable[Intent]) -> list[Intent]:
    """Those whose dedup key isn't there yet, each key once."""
    wanted: dict[object, Intent] = {}
    for intent in intents:
        check_payload(f"{intent.kind} {intent.subject}", intent.payload)
        wanted.setdefault(intent.dedup_key or object(), intent)
    keys = [intent.dedup_key for intent in wanted.values() if intent.dedup_key]
    known: set[str | None] = set()
    for start in range(0, len(keys), _ASKED_AT_ONCE):
        part = keys[start : start + _ASKED_AT_ONCE]
        known.update(WorkUnit.objects.filter(dedup_key__in=part).values_list("dedup_key", flat=True))
    return [intent for intent in wanted.values() if not (intent.dedup_key and intent.dedup_key in known)]
