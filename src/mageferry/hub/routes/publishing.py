"""Sending one entity over HTTP, once: the unit's step, and a chain's state, are committed before each request.

    intent -> sending -> done            the answer came
    intent -> sending -> unclear -> ...  it did not: look, adopt what is found, else send again

An outgoing without look-up, idempotency key or safe repeat can't be settled by itself: such a task fails, and a
person says what became of it (`operations.send_again`, `operations.mark_done`).
"""

from __future__ import annotations

from typing import Any, Final

import orjson
from django.db import transaction

from mageferry.http.json_text import json_bytes
from mageferry.http.plugins.log import Log
from mageferry.http.publisher import Outcome as Fate
from mageferry.http.publisher import Published
from mageferry.http.publisher.chain import Chain, ChainState, ChainStateError
from mageferry.http.publisher.chain.running import ChainResult
from mageferry.http.publisher.described import RepeatDescription
from mageferry.http.redaction import Secret
from mageferry.hub.routes.attempts import Attempt
from mageferry.hub.routes.batches import can_settle
from mageferry.hub.routes.id_maps import DatabaseIdMap
from mageferry.hub.routes.models import RouteTask
from mageferry.hub.routes.outages import note_answer
from mageferry.hub.routes.reach import handle_with
from mageferry.hub.work.ledger import Outcome
from mageferry.hub.work.models import Step

LOOK_UP: Final = "look-up"


def publish(attempt: Attempt) -> Outcome:
    """One request for the entity; after an unclear attempt a look first."""
    description, publisher = attempt.prepared.description, attempt.prepared.publisher
    later = _let_it_settle(attempt, [description.repeat])
    if later is not None:
        return later
    client = attempt.client
    handle = handle_with(client, [Log(attempt.note)])
    scope = attempt.reach.scope.with_data(attempt.entity)
    published = None
    if attempt.held.sent_before:
        attempt.step = LOOK_UP
        published = client.run(publisher.look(handle, scope))
    if published is None:
        attempt.step = ""
        published = client.run(publisher.send(handle, scope, attempt.sending))
    _tell_health(attempt, published)
    if published.outcome is Fate.DONE:
        return attempt.finished(
            may_wait=attempt.prepared.can_settle,
            remote_id=published.remote_id,
            status=published.status,
            adopted=published.adopted,
        )
    if published.outcome is Fate.REFUSED and attempt.refusal_passes(published.status):
        return attempt.again(published.message, published.remedy, step=Step.INTENT)
    return _undone(
        attempt,
        published.outcome,
        published.message,
        published.remedy,
        published.wait_seconds,
        [description.repeat],
    )


def publish_chain(attempt: Attempt) -> Outcome:
    """The steps that are left of a chain; what they answered is kept after each."""
    description = attempt.prepared.description
    try:
        state = stored_state(attempt.task)
    except ChainStateError as error:
        return attempt.failed(str(error), "Look what was made, then begin it anew or mark it as done.")
    repeats = {step.name: step.repeat for step in description.steps}
    at_work = [repeats[state.current]] if state.current in repeats else []
    later = _let_it_settle(attempt, at_work)
    if later is not None:
        return later
    result = _run_chain(attempt, attempt.prepared.chain, state)
    last = result.sent[-1][1] if result.sent else None
    if last is not None:
        _tell_health(attempt, last)
    if result.outcome is Fate.DONE:
        return attempt.finished(ids=_ids_of(result))
    if result.outcome is Fate.SKIPPED:
        return attempt.skipped(result.message or "By the rules of the chain there is nothing to do.")
    if result.outcome is Fate.REFUSED and last is not None and attempt.refusal_passes(last.status):
        return attempt.again(result.message, result.remedy, step=Step.INTENT)
    own = [repeats[result.step]] if result.step in repeats else []
    return _undone(attempt, result.outcome, result.message, result.remedy, result.wait_seconds, own)


def _tell_health(attempt: Attempt, published: Published) -> None:
    """Whether the other system is there. What was refused before it was sent says nothing about that."""
    client = attempt.outgoing.client
    if client is not None and (published.status is not None or published.outcome is not Fate.REFUSED):
        note_answer(client, published.status, attempt.reach.masked(published.message))


def _run_chain(attempt: Attempt, chain: Chain, state: ChainState) -> ChainResult:
    client = attempt.client
    handle = handle_with(client, [Log(attempt.note)])
    ids = DatabaseIdMap()

    def save(state: ChainState) -> None:
        attempt.step = state.current
        # New ids of the map, the state and the unit's step: all of them, or none. Raises LeaseLost.
        with transaction.atomic():
            attempt.record(
                Step.SENDING if state.sending else Step.INTENT,
                transformed=attempt.entity,
                is_transformed=True,
                is_partly_done=bool(state.finished or state.answered or state.items),
                chain_state=packed_state(state),
            )
            ids.flush()

    attempt.step = state.current
    flow = chain.run(handle, attempt.entity, attempt.reach.scope, ids=ids, state=state, save=save)
    return client.run(flow)


def _ids_of(result: ChainResult) -> dict[str, Any]:
    """The ids that the steps brought, by their names."""
    return {
        name: done.remote_id for name, done in result.state.finished.items() if done.remote_id is not None
    }


def _undone(
    attempt: Attempt,
    fate: Fate,
    message: str,
    remedy: str,
    asked_seconds: float | None,
    repeats: list[RepeatDescription],
) -> Outcome:
    if fate is Fate.REFUSED:
        return attempt.failed(message, remedy, Step.INTENT)
    if fate is Fate.TRANSIENT:
        return attempt.again(message, remedy, asked_seconds, Step.INTENT)
    if not all(can_settle(each) for each in repeats) or not repeats:
        return attempt.failed(message, remedy or _LOOK_BY_HAND, Step.UNCLEAR)
    wait = max(asked_seconds or 0.0, _settle_seconds(attempt, repeats))
    return attempt.again(message, remedy, wait, Step.UNCLEAR)


_LOOK_BY_HAND: Final = "Look in the other system, then send it again or mark it as done."


def _settle_seconds(attempt: Attempt, repeats: list[RepeatDescription]) -> float:
    """How long the other side may still be at a request that was given up waiting for: only a look needs the wait."""
    client = attempt.outgoing.client
    last = attempt.last
    answered = last is not None and last.status is not None
    if client is None or answered or not any(each.look_up is not None for each in repeats):
        return 0.0
    return client.read_seconds


def _let_it_settle(attempt: Attempt, repeats: list[RepeatDescription]) -> Outcome | None:
    """After a worker that died while sending: the other side may be at that request at this very moment."""
    if attempt.held.unit.step != Step.SENDING:
        return None
    wait = _settle_seconds(attempt, repeats)
    if not wait:
        return None
    return attempt.put_off(
        "The request was sent and its answer never came.",
        wait,
        "It is looked for in the other system, and sent again if it isn't there.",
        Step.UNCLEAR,
    )


def packed_state(state: ChainState) -> Secret:
    """A chain's state as it is stored: it has what the other system answered, so it is encrypted."""
    return Secret(json_bytes(state.to_json()).decode())


def stored_state(task: RouteTask) -> ChainState:
    """How far the chain of a task has come. Raises ChainStateError, UnreadableSecret."""
    stored = task.chain_state
    text = stored.reveal() if isinstance(stored, Secret) else stored
    return ChainState.from_json(orjson.loads(text)) if text else ChainState()
