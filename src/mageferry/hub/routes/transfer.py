"""Routes and all that belongs to them as lines of an export, stored again as their documents say."""

from __future__ import annotations

from typing import Any

from django.db import models

from mageferry.http.config import ConfigError
from mageferry.http.redaction import MASK, Secret
from mageferry.http.transformers import Transformers
from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.routes import documents, lines
from mageferry.hub.routes.models import (
    GlobalValue,
    Incoming,
    IncomingType,
    Outgoing,
    OutgoingType,
    Route,
    Storage,
    StorageEntry,
    StoredTest,
)
from mageferry.hub.routes.plain import NotStorable, plain
from mageferry.hub.routes.schedules import schedule_for, schedule_of
from mageferry.hub.routes.settings import missing_records, missing_secrets, put_settings, revealed
from mageferry.hub.trade.models import Account
from mageferry.hub.transfer import (
    FieldProblem,
    TransferKind,
    Unacceptable,
    find_by_code,
    register,
    save_checked,
)
from mageferry.hub.transfer.errors import unacceptable
from mageferry.hub.work.clock import database_now
from mageferry.hub.work.schedules import plan


def _store_incoming(content: dict[str, Any], record: Incoming | None) -> Incoming:
    document = lines.IncomingDocument.model_validate(content)
    found = record or Incoming()
    _check_transformers(document.transformers)
    found.transformers = document.transformers
    _fill_end(found, document, IncomingType)
    return found


def _store_outgoing(content: dict[str, Any], record: Outgoing | None) -> Outgoing:
    found = record or Outgoing()
    _fill_end(found, lines.EndDocument.model_validate(content), OutgoingType)
    return found


def _fill_end(
    record: Incoming | Outgoing, document: lines.EndDocument, kinds: type[models.TextChoices]
) -> None:
    if document.type not in kinds.values:
        text = f"there is no such type. There are: {', '.join(kinds.values)}."
        raise Unacceptable([FieldProblem("type", text)])
    if record.type and record.type != document.type:
        record.secrets = Secret("")
    record.type = document.type
    for name in ("code", "name", "description", "enabled"):
        setattr(record, name, getattr(document, name))
    record.client = find_by_code(HttpClientRecord, document.client, "client")
    record.storage = find_by_code(Storage, document.storage, "storage")
    record.account = find_by_code(Account, document.account, "account")
    try:
        put_settings(record, document.settings, whole=False)
    except ConfigError as error:
        raise unacceptable(error, "settings") from None
    missing = list(missing_records(record))
    if missing:
        raise unacceptable(ConfigError(missing))
    save_checked(record)


def _missing(record: Incoming | Outgoing) -> list[str]:
    try:
        found = missing_secrets(record, revealed(record))
    except ConfigError:
        return []
    texts = ["".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path) for path in found]
    return [f"settings{text}" for text in texts]


def _store_route(content: dict[str, Any], record: Route | None) -> Route:
    document = lines.RouteLine.model_validate(content)
    found = documents.store_route(document, record or Route())
    if document.schedule is not None:
        _store_schedule(found, document.schedule)
    return found


def _store_schedule(route: Route, document: lines.ScheduleDocument) -> None:
    if not route.incoming.is_polled:
        text = "deliveries to a webhook come by themselves: leave it out"
        raise Unacceptable([FieldProblem("schedule", text)])
    schedule = schedule_of(route) or schedule_for(route)
    same = schedule.pk is not None
    for name in lines.SCHEDULE_FIELDS:
        value = getattr(document, name)
        same = same and getattr(schedule, name) == value
        setattr(schedule, name, value)
    if same:
        return
    schedule.enabled = route.enabled and route.incoming.enabled
    plan(schedule, database_now())
    try:
        save_checked(schedule)
    except Unacceptable as error:
        problems = [FieldProblem(f"schedule.{each.field}", each.message) for each in error.problems]
        raise Unacceptable(problems) from None


def _check_transformers(listed: list[Any]) -> None:
    try:
        Transformers.parse(listed, "transformers")
    except ConfigError as error:
        raise unacceptable(error) from None


def _store_global(content: dict[str, Any], record: GlobalValue | None) -> GlobalValue:
    document = lines.GlobalDocument.model_validate(content)
    found = record or GlobalValue()
    found.name, found.description, found.is_secret = document.name, document.description, document.is_secret
    if not document.is_secret:
        found.value, found.secret = _plain(document.value, "value"), Secret("")
    elif not isinstance(document.value, str):
        raise Unacceptable([FieldProblem("value", "a secret is a text")])
    else:
        found.value = ""
        found.secret = found.secret if document.value == MASK else Secret(document.value)
    save_checked(found)
    return found


def _missing_value(record: GlobalValue) -> list[str]:
    return ["value"] if record.is_secret and not record.secret else []


def _store_storage(content: dict[str, Any], record: Storage | None) -> Storage:
    document = lines.StorageDocument.model_validate(content)
    found = record or Storage()
    for name, value in document:
        setattr(found, name, value)
    save_checked(found)
    return found


def _store_entry(content: dict[str, Any], record: StorageEntry | None) -> StorageEntry:
    document = lines.EntryDocument.model_validate(content)
    storage = find_by_code(Storage, document.storage, "storage")
    if storage is None:
        raise Unacceptable([FieldProblem("storage", "is missing. Write the code of one.")])
    if document.expires_at is not None and document.expires_at.tzinfo is None:
        raise Unacceptable([FieldProblem("expires_at", "has no offset: write 2030-01-31T12:00:00Z")])
    found = record or StorageEntry(storage=storage)
    found.key, found.value = document.key, _plain(document.value, "value")
    found.expires_at = document.expires_at
    save_checked(found)
    return found


def _store_test(content: dict[str, Any], record: StoredTest | None) -> StoredTest:
    document = documents.StoredTestDocument.model_validate(content)
    return documents.store_test(document, record or StoredTest())


def _plain(value: Any, field: str) -> Any:
    try:
        return plain(value)
    except NotStorable as error:
        raise Unacceptable([FieldProblem(field, str(error))]) from None


_NAME = {"name": "name"}
register(
    TransferKind("global_value", GlobalValue, 20, lines.global_document, _store_global, _missing_value, key=_NAME),
    TransferKind("storage", Storage, 21, lines.storage_document, _store_storage),
    TransferKind(
        "storage_entry", StorageEntry, 22, lines.entry_document, _store_entry,
        key={"storage": "storage__code", "key": "key"}, on_demand=True,
    ),
    TransferKind("incoming", Incoming, 50, lines.end_document, _store_incoming, _missing),
    TransferKind("outgoing", Outgoing, 51, lines.end_document, _store_outgoing, _missing),
    TransferKind("route", Route, 60, lines.route_line, _store_route),
    TransferKind("stored_test", StoredTest, 70, documents.test_document, _store_test, key=_NAME),
)  # fmt: skip
