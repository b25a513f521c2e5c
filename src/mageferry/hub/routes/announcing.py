"""Tasks of a batch that will be sent: transformed together, and their steps committed in one transaction.

Only where what became of a request can be found out, or doesn't matter: after a death of the worker each task of the
batch counts as sent, and is looked for or sent again. Others commit their steps one by one, each before its request.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from mageferry.http.config import ConfigError
from mageferry.hub.routes.batches import Announced, LoadedTask, Prepared, load_tasks
from mageferry.hub.routes.models import OutgoingType, TaskStage
from mageferry.hub.routes.rows import change_tasks
from mageferry.hub.routes.settings import missing_records
from mageferry.hub.routes.transforming import Untransformed, transform
from mageferry.hub.work import ledger
from mageferry.hub.work.models import Step
from mageferry.hub.work.units import Claim


def load_announced(claims: Sequence[Claim]) -> dict[int, LoadedTask]:
    """What each unit of a batch is about; those that can be are announced."""
    loaded = load_tasks(claims)
    ready: list[tuple[Claim, LoadedTask, Any]] = []
    for held in claims:
        each = loaded[held.pk]
        made = _what_goes_out(held, each)
        if len(made) == 1:
            ready.append((held, each, made[0]))
    if len(ready) > 1:
        _announce(ready)
    return loaded


def _announce(ready: Sequence[tuple[Claim, LoadedTask, Any]]) -> None:
    def write() -> None:
        change_tasks(
            (each.task.pk, {"transformed": entity, "is_transformed": True})
            for _, each, entity in ready
            if each.task is not None
        )

    if not ledger.announce([held for held, _, _ in ready], write):
        # Each finds out by itself whether it is still held.
        return
    committed_at = time.monotonic()
    for _, each, entity in ready:
        assert each.task is not None, "only tasks are made ready"
        each.task.transformed, each.task.is_transformed = entity, True
        each.announced = Announced(entity, committed_at)


def _what_goes_out(held: Claim, loaded: LoadedTask) -> list[Any]:
    """What the transformers make of a task that can be announced; nothing of others, which fail or wait by
    themselves."""
    task = loaded.task
    if task is None or not loaded.is_alone or held.unit.step != Step.INTENT or task.is_partly_done:
        return []
    prepared = loaded.batch.route(task.route_id)
    if task.stage == TaskStage.ITEM or not _can_announce(loaded.batch.announces, prepared):
        return []
    if task.stage == TaskStage.READY or not prepared.route.transformers:
        return [task.entity]
    try:
        return transform(prepared.transformers, task.entity, loaded.batch.reach)
    except Untransformed:
        return []


def _can_announce(known: dict[int, bool], prepared: Prepared) -> bool:
    pk = prepared.route.pk
    if pk not in known:
        known[pk] = _is_simple(prepared)
    return known[pk]


def _is_simple(prepared: Prepared) -> bool:
    """Whether its tasks are one request each that can be settled, and nothing else goes out for them."""
    route, outgoing = prepared.route, prepared.route.outgoing
    switched_on = route.enabled and outgoing.enabled and (outgoing.client is None or outgoing.client.enabled)
    if outgoing.type != OutgoingType.HTTP or not switched_on or _calls(route.transformers):
        return False
    try:
        return not any(missing_records(outgoing)) and prepared.can_settle
    except ConfigError:
        return False


def _calls(listed: Any) -> bool:
    """Whether one of the transformers, at any depth, sends requests: those belong to the attempt of their task."""
    if isinstance(listed, Mapping):
        return listed.get("type") == "call" or any(map(_calls, listed.values()))
    return isinstance(listed, list) and any(map(_calls, listed))
