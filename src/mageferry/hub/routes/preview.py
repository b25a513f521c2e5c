"""Requests as they would be sent, without sending anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from httpx2 import Headers

from mageferry.http import HttpError
from mageferry.http.client import HttpConfig
from mageferry.http.config import ConfigError
from mageferry.http.flow import Flow, run
from mageferry.http.message import Request, Response
from mageferry.http.placeholders import TemplateError
from mageferry.http.publisher import Publisher
from mageferry.http.publisher.chain import Chain, ChainState
from mageferry.hub.pipelines.shown import Shown, shown_request
from mageferry.hub.routes.keeping import Unkeepable, entry_of
from mageferry.hub.routes.models import Outgoing, OutgoingType, Route
from mageferry.hub.routes.plain import NotStorable, plain
from mageferry.hub.routes.reach import Reach
from mageferry.hub.routes.settings import description_of, missing_records
from mageferry.hub.routes.transforming import Untransformed, transform_entity


@dataclass(frozen=True, slots=True)
class Preview:
    """The requests as they would be sent, without the sign-in; `entry` is what a storage would get. `problem`: why it
    goes no further, such as a step that needs what an earlier one answers."""

    requests: list[Shown]
    entry: Any = None
    problem: str = ""
    remedy: str = ""


def preview_request(outgoing: Outgoing, entity: Any, answers: Mapping[str, Any] | None = None) -> Preview:
    """What an entity would be sent as. Nothing is sent, looked up or written.

    `answers`: for a chain, what its steps would be answered, by their names.
    """
    with Reach() as reach:
        try:
            for problem in missing_records(outgoing):
                raise ConfigError([problem])
            data = plain(entity)
            if outgoing.type == OutgoingType.HTTP:
                return _preview_publisher(outgoing, data, reach)
            if outgoing.type == OutgoingType.CHAIN:
                return _preview_chain(outgoing, data, answers or {}, reach)
            return _preview_entry(outgoing, data, reach)
        except ConfigError as error:
            return Preview([], None, str(error), error.remedy)
        except (TemplateError, HttpError, NotStorable) as error:
            return Preview([], None, reach.masked(str(error)), getattr(error, "remedy", ""))


def preview_route(route: Route, entity: Any, answers: Mapping[str, Any] | None = None) -> list[Preview]:
    """What an entity would be sent as behind the transformers of a route, for each that they make of it: none, one or
    several. Nothing is sent or written, but for what transformers look up over HTTP."""
    with Reach() as reach:
        try:
            made = transform_entity(route.transformers, plain(entity), reach)
        except Untransformed as error:
            return [Preview([], None, reach.masked(error.reason), error.remedy)]
        except (ConfigError, NotStorable) as error:
            return [Preview([], None, reach.masked(str(error)))]
    return [preview_request(route.outgoing, each, answers) for each in made]


class _Captured(Exception):
    def __init__(self, request: Request) -> None:
        super().__init__("captured")
        self.request = request


def _on_the_wire(request: Request, outgoing: Outgoing, reach: Reach) -> Request:
    """The request behind the plugins of the client; the sign-in is left out, since it may need requests of its own."""
    assert outgoing.client is not None, "checked before"
    config = reach.client(outgoing.client).config

    def capture(sent: Request) -> Response:
        raise _Captured(sent)

    chain = HttpConfig(plugins=config.plugins).chain()
    try:
        run(chain(request), capture, lambda seconds: None)
    except _Captured as captured:
        return captured.request
    return request


def _preview_publisher(outgoing: Outgoing, data: Any, reach: Reach) -> Preview:
    publisher = Publisher(description_of(outgoing), "settings")
    request = publisher.request(reach.scope.with_data(data))
    return Preview([shown_request(_on_the_wire(request, outgoing, reach), reach.masked)])


def _preview_chain(outgoing: Outgoing, data: Any, answers: Mapping[str, Any], reach: Reach) -> Preview:
    requests: list[Shown] = []
    at = [""]

    def answer(request: Request) -> Flow[Response]:
        yield from ()
        sent = _on_the_wire(request, outgoing, reach)
        requests.append(shown_request(sent, reach.masked, at[0]))
        content = orjson.dumps(answers.get(at[0], {}))
        return Response(200, Headers({"content-type": "application/json"}), content)

    def follow(state: ChainState) -> None:
        at[0] = state.current

    chain = Chain(description_of(outgoing), "settings")
    result = reach.run(chain.run(answer, data, reach.scope, save=follow))
    return Preview(requests, None, reach.masked(result.message), result.remedy)


def _preview_entry(outgoing: Outgoing, data: Any, reach: Reach) -> Preview:
    if outgoing.type != OutgoingType.STORAGE:
        return Preview([], {"entity": data})
    try:
        key, value, removes = entry_of(description_of(outgoing), reach.scope.with_data(data))
    except Unkeepable as error:
        return Preview([], None, error.reason, error.remedy)
    return Preview([], {"key": key, "removed": True} if removes else {"key": key, "value": value})
