"""The control plane's HTTP side, for every system of the sandbox: JSON in and out under ``/_sandbox/``.

GET    /                      what this is, and how it stands
GET    /faults                the rules; POST adds one, DELETE removes all
DELETE /faults/{id}           removes one
GET    /requests              the log; ?method=&path= give a count; DELETE empties it
POST   /latency               {"milliseconds": 200}
POST   /clock                 {"now": "2030-01-01T00:00:00Z"} or {"now": null}
POST   /reset                 everything as at the start
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import cast

import orjson

from mageferry.sandbox.faults import read_rule
from mageferry.sandbox.messages import JSON, Request, Response
from mageferry.sandbox.php import Value, parse_query
from mageferry.sandbox.switchboard import Switchboard

PREFIX = "/_sandbox"
type Body = dict[str, Value]
type Action[S: Switchboard] = Callable[[S, str, Body, Body], object]
type Actions[S: Switchboard] = Mapping[tuple[str, ...], Action[S]]


def serve_plane[S: Switchboard](control: S, request: Request, own: Actions[S]) -> Response:
    """Answer a control request by the system's own actions or the common ones: 404 for an unknown one, 400 with the
    reason for a bad one."""
    parts = request.path.removeprefix(PREFIX).strip("/").split("/")
    name = (request.method, *(parts[:1] if len(parts) == 1 else (parts[0], "*", *parts[2:])))
    action: Action[S] | None = own.get(name) or COMMON.get(name)
    if action is None:
        return _reply(404, {"error": f"no {request.method} {request.path} in the sandbox's control plane"})
    try:
        body = _read_body(request)
        return _reply(
            200, action(control, parts[1] if len(parts) > 1 else "", body, parse_query(request.query))
        )
    except (ValueError, KeyError, TypeError, ConnectionError) as error:
        return _reply(400, {"error": str(error)})


def _reply(status: int, value: object) -> Response:
    return Response(status, orjson.dumps(value), JSON)


def _read_body(request: Request) -> Body:
    if not request.body.strip():
        return {}
    body = orjson.loads(request.body)
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return cast("Body", body)


def number(body: Body, name: str, default: int | None = None) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} must be a whole number")
    return value


def text(body: Body, name: str, default: str | None = None) -> str:
    value = body.get(name, default)
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text")
    return value


def _describe(control: Switchboard, _key: str, _body: Body, _query: Body) -> object:
    return control.describe()


def _list_faults(control: Switchboard, _key: str, _body: Body, _query: Body) -> object:
    return [rule.describe() for rule in control.faults.rules()]


def _add_fault(control: Switchboard, _key: str, body: Body, _query: Body) -> object:
    return control.put_rule(read_rule(body)).describe()


def _remove_fault(control: Switchboard, key: str, _body: Body, _query: Body) -> object:
    return {"removed": control.remove_fault(int(key))}


def _clear_faults(control: Switchboard, _key: str, _body: Body, _query: Body) -> object:
    control.clear_faults()
    return {}


def _list_requests(control: Switchboard, _key: str, _body: Body, query: Body) -> object:
    if query.get("method") or query.get("path"):
        return {"count": control.count_requests(str(query.get("method", "")), str(query.get("path", "")))}
    return [entry.describe() for entry in control.requests()]


def _clear_requests(control: Switchboard, _key: str, _body: Body, _query: Body) -> object:
    control.clear_requests()
    return {}


def _set_latency(control: Switchboard, _key: str, body: Body, _query: Body) -> object:
    control.set_latency(number(body, "milliseconds"))
    return {}


def _set_clock(control: Switchboard, _key: str, body: Body, _query: Body) -> object:
    now = body["now"]
    moment = datetime.fromisoformat(str(now)) if now is not None else None
    if moment is not None and moment.tzinfo is None:
        raise ValueError("now needs a time zone, such as 2030-01-01T00:00:00Z")
    control.set_clock(moment)
    return {}


def _reset(control: Switchboard, _key: str, _body: Body, _query: Body) -> object:
    control.reset()
    return {}


COMMON: Actions[Switchboard] = {
    ("GET", ""): _describe,
    ("GET", "faults"): _list_faults,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _clear_faults,
    ("DELETE", "faults", "*"): _remove_fault,
    ("GET", "requests"): _list_requests,
    ("DELETE", "requests"): _clear_requests,
    ("POST", "latency"): _set_latency,
    ("POST", "clock"): _set_clock,
    ("POST", "reset"): _reset,
}
