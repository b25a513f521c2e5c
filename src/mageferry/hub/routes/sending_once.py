"""Sending one entity by hand, outside of any task: for trying an outgoing against the real system."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction

from mageferry.http import HttpError
from mageferry.http.config import ConfigError
from mageferry.http.placeholders import TemplateError
from mageferry.http.plugins.log import Exchange
from mageferry.http.publisher import Outcome, Publisher
from mageferry.http.publisher.chain import Chain, ChainState
from mageferry.hub.exchange import RefusedEntity, UnknownSubject, plan_entity
from mageferry.hub.pipelines.journal import watching
from mageferry.hub.pipelines.shown import Shown, shown_exchange
from mageferry.hub.routes.id_maps import DatabaseIdMap
from mageferry.hub.routes.keeping import Unkeepable, entry_of
from mageferry.hub.routes.models import Outgoing, OutgoingType
from mageferry.hub.routes.plain import NotStorable, plain
from mageferry.hub.routes.reach import Reach, handle_with
from mageferry.hub.routes.settings import description_of, missing_records
from mageferry.hub.routes.storages import put_value, remove_value

_DONE = "It is done."


@dataclass(frozen=True, slots=True)
class SentOnce:
    """What became of it: `done`, or why not; each request that went out, sign-ins too, masked."""

    done: bool
    message: str
    remedy: str = ""
    requests: list[Shown] = field(default_factory=list)
    result: dict[str, Any] = field(default_factory=dict)


def send_once(outgoing: Outgoing, entity: Any) -> SentOnce:
    """Send an entity now, for real, without asking whether it was sent before. What goes wrong is in the outcome."""
    seen: list[Exchange] = []
    with Reach() as reach:
        try:
            for problem in missing_records(outgoing):
                raise ConfigError([problem])
            with watching(seen):
                sent = _SENDERS[outgoing.type](outgoing, plain(entity), reach)
        except ConfigError as error:
            sent = SentOnce(False, str(error), error.remedy)
        except (Unkeepable, UnknownSubject, RefusedEntity) as error:
            sent = SentOnce(False, error.reason, error.remedy)
        except (TemplateError, HttpError, NotStorable) as error:
            sent = SentOnce(False, str(error), getattr(error, "remedy", ""))
        shown = [shown_exchange(each, reach.masked) for each in seen]
        return replace(sent, message=reach.masked(sent.message), requests=shown)


def _publish(outgoing: Outgoing, data: Any, reach: Reach) -> SentOnce:
    assert outgoing.client is not None, "checked before"
    client = reach.client(outgoing.client)
    publisher = Publisher(description_of(outgoing), "settings")
    published = client.run(publisher.publish(handle_with(client), data, reach.scope))
    result = {"remote_id": published.remote_id, "status": published.status}
    return SentOnce(
        published.outcome is Outcome.DONE, published.message or _DONE, published.remedy, [], result
    )


def _run_chain(outgoing: Outgoing, data: Any, reach: Reach) -> SentOnce:
    assert outgoing.client is not None, "checked before"
    client, ids = reach.client(outgoing.client), DatabaseIdMap()
    handle = handle_with(client)

    def save(state: ChainState) -> None:
        with transaction.atomic():
            ids.flush()

    chain = Chain(description_of(outgoing), "settings")
    ended = client.run(chain.run(handle, data, reach.scope, ids=ids, save=save))
    remote = {
        name: step.remote_id for name, step in ended.state.finished.items() if step.remote_id is not None
    }
    done = ended.outcome in (Outcome.DONE, Outcome.SKIPPED)
    return SentOnce(done, ended.message or _DONE, ended.remedy, [], {"ids": remote})


def _store(outgoing: Outgoing, data: Any, reach: Reach) -> SentOnce:
    description = description_of(outgoing)
    assert outgoing.storage is not None, "without one there is nowhere to store it"
    key, value, removes = entry_of(description, reach.scope.with_data(data))
    if removes:
        return SentOnce(True, _DONE, "", [], {"key": key, "removed": remove_value(outgoing.storage, key)})
    put_value(outgoing.storage, key, value, description.lifetime_seconds)
    return SentOnce(True, _DONE, "", [], {"key": key})


def _take_over(outgoing: Outgoing, data: Any, reach: Reach) -> SentOnce:
    plan = plan_entity(description_of(outgoing).entity, data, outgoing.account)
    with transaction.atomic():
        kept = plan.apply()
    result = {"outcome": str(kept.outcome), "subject": kept.subject, "id": kept.pk}
    return SentOnce(True, _DONE, "", [], result)


_SENDERS: dict[str, Callable[[Outgoing, Any, Reach], SentOnce]] = {
    OutgoingType.HTTP: _publish,
    OutgoingType.CHAIN: _run_chain,
    OutgoingType.STORAGE: _store,
    OutgoingType.HUB: _take_over,
}
