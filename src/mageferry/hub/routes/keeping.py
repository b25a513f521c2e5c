"""Outgoings within the hub: a storage, or the hub's own tables; written together with the end of the task."""

from __future__ import annotations

from typing import Any

from mageferry.http.descriptions import expression
from mageferry.http.placeholders import Scope, Template, TemplateError, as_text
from mageferry.http.redaction import Secret
from mageferry.hub.exchange import RefusedEntity, UnknownSubject, plan_entity
from mageferry.hub.routes.attempts import Attempt
from mageferry.hub.routes.end_types import StoredOutgoingDescription
from mageferry.hub.routes.plain import NotStorable, plain
from mageferry.hub.routes.storages import check_key, put_value, remove_value
from mageferry.hub.work.ledger import Outcome


class Unkeepable(Exception):
    """An entity that can't be stored as the settings say."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


def keep_in_storage(attempt: Attempt) -> Outcome:
    """An entry for the entity."""
    storage = attempt.outgoing.storage
    assert storage is not None, "checked before an attempt"
    description: StoredOutgoingDescription = attempt.prepared.description
    try:
        key, value, removes = entry_of(description, attempt.reach.scope.with_data(attempt.entity))
    except Unkeepable as error:
        return attempt.failed(error.reason, error.remedy)

    def write() -> dict[str, Any]:
        if removes:
            return {"removed": remove_value(storage, key)}
        put_value(storage, key, value, description.lifetime_seconds)
        return {}

    return attempt.finished(write, key=key)


def store_in_hub(attempt: Attempt) -> Outcome:
    """The entity becomes an order, stock or whatever its kind is; what it is about may come later."""
    kind, account = attempt.prepared.description.entity, attempt.outgoing.account
    try:
        plan = plan_entity(kind, attempt.entity, account)
    except UnknownSubject as error:
        return attempt.again(error.reason, error.remedy)
    except RefusedEntity as error:
        return attempt.failed(error.reason, error.remedy)

    def write() -> dict[str, Any]:
        kept = plan.apply()
        return {"outcome": str(kept.outcome), "subject": kept.subject, "id": kept.pk}

    return attempt.finished(write, kind=kind)


def entry_of(description: StoredOutgoingDescription, scope: Scope) -> tuple[str, Any, bool]:
    """Key and value of the entry, and whether it is to be removed. Raises Unkeepable."""
    try:
        filled = Template.parse(description.key, "key").fill(scope)
        if isinstance(filled, Secret):
            raise Unkeepable("key: it has a secret in it", "Take the secret out of the template.")
        key = check_key(as_text(filled))
        when = expression(description.remove_when, "remove_when")
        removes = when is not None and when.holds(scope)
        value = None if removes else plain(Template.parse(description.value, "value").fill(scope))
    except TemplateError as error:
        raise Unkeepable(str(error), error.remedy) from None
    except NotStorable as error:
        raise Unkeepable(f"value: {error}", "Correct the template of the value.") from None
    except ValueError as error:
        raise Unkeepable(f"key: {error}", "Correct the template of the key, or the entity.") from None
    return key, value, removes
