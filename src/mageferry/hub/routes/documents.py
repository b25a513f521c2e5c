"""Incomings, outgoings and routes as JSON documents: what the API takes and gives.

Other records are named by their codes. A stored secret is shown as the mask; the mask given back keeps what is stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Literal

from django.db.models import Model
from pydantic import BaseModel, ConfigDict, Field

from mageferry.http.config import ConfigError
from mageferry.http.transformers import Transformers
from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.routes.models import Incoming, Outgoing, Route, Storage, StoredTest
from mageferry.hub.routes.plain import NotStorable, plain
from mageferry.hub.routes.settings import put_settings
from mageferry.hub.trade.models import Account
from mageferry.hub.transfer import FieldProblem, Unacceptable, find_by_code, save_checked
from mageferry.hub.transfer.errors import unacceptable

_ENDS: Final[Mapping[str, type[Model]]] = {
    "client": HttpClientRecord,
    "storage": Storage,
    "account": Account,
}
ROUTE_FIELDS: Final = (
    "name", "description", "enabled", "transformers", "priority", "changes", "attempts", "interval_seconds", "backoff",
    "retry_statuses", "tasks_per_run", "keep_days", "keep_tasks",
)  # fmt: skip
_TEST: Final = ("name", "transformers", "input", "expected", "failures")


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class _EndDocument(_Document):
    code: str = Field(max_length=40, description="How addresses, exports and routes name it.")
    name: str = Field(max_length=100)
    description: str = ""
    enabled: bool = True
    settings: dict[str, Any] = Field(
        default_factory=dict, description="As its type describes them; secrets are among them."
    )
    client: str | None = Field(None, description="Code of an HTTP client; types http and chain need one.")
    storage: str | None = Field(None, description="Code of a storage; the type storage needs one.")
    account: str | None = Field(None, description="Code of an account, for the type hub.")


class IncomingDocument(_EndDocument):
    """Where entities come from."""

    type: Literal["http", "webhook", "storage", "file", "hub"]
    transformers: list[dict[str, Any]] = Field(
        default_factory=list, description="Applied to each item before it is an entity."
    )


class OutgoingDocument(_EndDocument):
    """Where entities go."""

    type: Literal["http", "chain", "hub", "storage"]


class RouteDocument(_Document):
    """An incoming joined to an outgoing, with transformers between."""

    code: str = Field(max_length=40, description="How addresses and commands name it.")
    name: str = Field(max_length=100)
    description: str = ""
    enabled: bool = True
    incoming: str = Field(min_length=1, description="Code of the incoming.")
    outgoing: str = Field(min_length=1, description="Code of the outgoing.")
    transformers: list[dict[str, Any]] = Field(default_factory=list)
    priority: int = Field(50, ge=0, le=100, description="Lower goes first: orders 10, stock 50.")
    changes: Literal["changed", "once", "always"] = Field(
        "changed", description="Take entities again: when they have changed, never, or with every run."
    )
    attempts: int = Field(10, ge=1, le=1000, description="Then the task has failed, and waits for a person.")
    interval_seconds: int = Field(30, ge=1, le=86_400, description="Wait between attempts.")
    backoff: float = Field(2.0, ge=1, le=10, description="Each wait is so many times the one before.")
    retry_statuses: str = Field("", description="Statuses of refusals to try again after, such as 404, 409.")
    tasks_per_run: int = Field(
        10_000, ge=1, le=2**31 - 1, description="What is left comes with the next run."
    )
    keep_days: int = Field(30, ge=1, le=36_500, description="Finished tasks older than that are removed.")
    keep_tasks: int = Field(
        100_000, ge=1, le=2**31 - 1, description="Finished tasks beyond that are removed."
    )


class StoredTestDocument(_Document):
    """Entities, and what transformers should make of them."""

    name: str = Field(max_length=100)
    route: str | None = Field(
        None, description="Code of the route whose transformers are tested; else those here."
    )
    transformers: list[dict[str, Any]] = Field(default_factory=list)
    input: list[Any] = Field(default_factory=list, description="Entities.")
    expected: list[Any] = Field(default_factory=list, description="What they should become.")
    failures: list[int] = Field(
        default_factory=list, description="Places in the input, from 1, of entities that should fail."
    )


def end_document(record: Incoming | Outgoing) -> dict[str, Any]:
    """The document of an incoming or outgoing, stored secrets as the mask."""
    plain_fields = ("code", "name", "description", "enabled", "type", "settings")
    document = {name: getattr(record, name) for name in plain_fields}
    document |= {name: _code_of(getattr(record, name)) for name in _ENDS}
    return document | ({"transformers": record.transformers} if isinstance(record, Incoming) else {})


def route_document(route: Route) -> dict[str, Any]:
    """The document of a route."""
    ends = {"incoming": route.incoming.code, "outgoing": route.outgoing.code}
    return {"code": route.code, **{name: getattr(route, name) for name in ROUTE_FIELDS}, **ends}


def test_document(test: StoredTest) -> dict[str, Any]:
    """The document of a stored test."""
    return {**{name: getattr(test, name) for name in _TEST}, "route": _code_of(test.route)}


def store_end[End: (Incoming, Outgoing)](document: IncomingDocument | OutgoingDocument, record: End) -> End:
    """Make or change an incoming or outgoing; in a transaction of the caller's. Raises Unacceptable."""
    if record.pk and record.type != document.type:
        raise Unacceptable([FieldProblem("type", "it can't be changed; make another one instead.")])
    for name in ("code", "name", "description", "enabled", "type"):
        setattr(record, name, getattr(document, name))
    for name, model in _ENDS.items():
        setattr(record, name, find_by_code(model, getattr(document, name), name))
    if isinstance(record, Incoming) and isinstance(document, IncomingDocument):
        with _refusing("transformers"):
            Transformers.parse(document.transformers, "")
            record.transformers = plain(document.transformers)
    with _refusing("settings"):
        put_settings(record, document.settings)
    return save_checked(record)


def store_route(document: RouteDocument, record: Route) -> Route:
    """Make or change a route; in a transaction of the caller's. Raises Unacceptable."""
    with _refusing("transformers"):
        Transformers.parse(document.transformers, "")
        record.transformers = plain(document.transformers)
    for name in ("code", *(name for name in ROUTE_FIELDS if name != "transformers")):
        setattr(record, name, getattr(document, name))
    for name, model in (("incoming", Incoming), ("outgoing", Outgoing)):
        setattr(record, name, find_by_code(model, getattr(document, name), name))
    return save_checked(record)


def store_test(document: StoredTestDocument, record: StoredTest) -> StoredTest:
    """Make or change a stored test; in a transaction of the caller's. Raises Unacceptable."""
    with _refusing("transformers"):
        Transformers.parse(document.transformers, "")
    for name in _TEST:
        with _refusing(name):
            setattr(record, name, plain(getattr(document, name)))
    record.route = find_by_code(Route, document.route, "route")
    return save_checked(record)


def _code_of(record: Any) -> str | None:
    return record.code if record is not None else None


@contextmanager
def _refusing(field: str) -> Iterator[None]:
    """What is wrong within becomes problems of this field."""
    try:
        yield
    except ConfigError as error:
        raise unacceptable(error, field) from None
    except NotStorable as error:
        raise Unacceptable([FieldProblem(field, str(error))]) from None
