"""The control plane's HTTP side: JSON in and out under ``/_sandbox/``.

GET    /                      what this is, counts, faults, settings
GET    /faults                the rules; POST adds one, DELETE removes all
DELETE /faults/{id}           removes one
GET    /requests              the log; ?method=&path= give a count; DELETE empties it
POST   /orders                {"count": 3, "seed": 1, "status": "processing"} -> {"ids": [..]}
POST   /orders/{id}/touch     fields to change, {} for none; moves updated_at
POST   /accounts              {"username", "password", "resources": [..], "active", "token_minutes",
                              "totp_secret"}
POST   /accounts/{name}/revoke
POST   /customers             {"email", "password"}: the customer can sign in
POST   /integrations          {"name", "endpoint", "resources": [..]} -> its key and secret
POST   /integrations/{name}/activate     sends the credentials to the endpoint
POST   /integrations/{name}/reauthorize  the same after deleting its tokens
POST   /integrations/{name}/authorize    an access token without a handshake -> all four keys
POST   /integrations/{name}/status       {"status": "active"}, or inactive, recreated
POST   /integrations/{name}/revoke       its access token stops working
POST   /consumers             executes the open asynchronous operations -> {"executed": 3}; {"most": 2}
POST   /operation-failures    {"count": 3, "status": 2, "message": "..."}: how the next operations end
POST   /products/{sku}/touch  fields to change, {} for none; moves updated_at
POST   /settings              {"webapi/validation/maximum_page_size": "100"}
POST   /latency               {"milliseconds": 200}
POST   /clock                 {"now": "2030-01-01T00:00:00Z"} or {"now": null}
POST   /reset                 everything as at the start
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import cast
from urllib.parse import unquote

import orjson

from mageferry.sandbox.access import EVERYTHING
from mageferry.sandbox.control import Control
from mageferry.sandbox.faults import read_rule
from mageferry.sandbox.front import JSON, Request, Response
from mageferry.sandbox.php import Value, parse_query

PREFIX = "/_sandbox"
type Body = dict[str, Value]
type Action = Callable[[Control, str, Body, dict[str, Value]], object]


def serve_control(control: Control, request: Request) -> Response:
    """Answer a control request: 404 for an unknown one, 400 with the reason for a bad one."""
    parts = request.path.removeprefix(PREFIX).strip("/").split("/")
    action = _ACTIONS.get((request.method, *(parts[:1] if len(parts) == 1 else (parts[0], "*", *parts[2:]))))
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


def _number(body: Body, name: str, default: int | None = None) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} must be a whole number")
    return value


def _text(body: Body, name: str, default: str | None = None) -> str:
    value = body.get(name, default)
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text")
    return value


def _describe(control: Control, _key: str, _body: Body, _query: Body) -> object:
    return control.describe()


def _list_faults(control: Control, _key: str, _body: Body, _query: Body) -> object:
    return [rule.describe() for rule in control.faults.rules()]


def _add_fault(control: Control, _key: str, body: Body, _query: Body) -> object:
    return control.put_rule(read_rule(body)).describe()


def _remove_fault(control: Control, key: str, _body: Body, _query: Body) -> object:
    return {"removed": control.remove_fault(int(key))}


def _clear_faults(control: Control, _key: str, _body: Body, _query: Body) -> object:
    control.clear_faults()
    return {}


def _list_requests(control: Control, _key: str, _body: Body, query: Body) -> object:
    if query.get("method") or query.get("path"):
        return {"count": control.count_requests(str(query.get("method", "")), str(query.get("path", "")))}
    return [entry.describe() for entry in control.requests()]


def _clear_requests(control: Control, _key: str, _body: Body, _query: Body) -> object:
    control.clear_requests()
    return {}


def _add_orders(control: Control, _key: str, body: Body, _query: Body) -> object:
    ids = control.add_orders(
        _number(body, "count", 1), seed=_number(body, "seed", 0), status=_text(body, "status", "")
    )
    return {"ids": ids}


def _touch_order(control: Control, key: str, body: Body, _query: Body) -> object:
    order = control.touch_order(int(key), body)
    return {"entity_id": order["entity_id"], "updated_at": order["updated_at"]}


def _add_account(control: Control, _key: str, body: Body, _query: Body) -> object:
    resources = body.get("resources")
    chosen = {"resources": frozenset(map(str, resources))} if isinstance(resources, list) else {}
    minutes = _number(body, "token_minutes") if body.get("token_minutes") is not None else None
    control.add_account(
        _text(body, "username"),
        _text(body, "password"),
        active=bool(body.get("active", True)),
        token_minutes=minutes,
        totp_secret=_text(body, "totp_secret", ""),
        **chosen,
    )
    return {}


def _add_customer(control: Control, _key: str, body: Body, _query: Body) -> object:
    control.add_customer_login(_text(body, "email"), _text(body, "password"))
    return {}


def _revoke(control: Control, key: str, _body: Body, _query: Body) -> object:
    control.revoke_tokens(key)
    return {}


def _add_integration(control: Control, _key: str, body: Body, _query: Body) -> object:
    resources = body.get("resources")
    chosen = tuple(map(str, resources)) if isinstance(resources, list) else (EVERYTHING,)
    return control.integrations.add(
        _text(body, "name"), endpoint=_text(body, "endpoint", ""), resources=chosen
    ).describe()


def _activate(control: Control, key: str, body: Body, _query: Body) -> object:
    control.integrations.activate(unquote(key), _text(body, "endpoint", ""))
    return {}


def _reauthorize(control: Control, key: str, body: Body, _query: Body) -> object:
    control.integrations.reauthorize(unquote(key), _text(body, "endpoint", ""))
    return {}


def _authorize(control: Control, key: str, _body: Body, _query: Body) -> object:
    return control.integrations.authorize(unquote(key)).describe()


def _set_integration_status(control: Control, key: str, body: Body, _query: Body) -> object:
    control.integrations.set_status(unquote(key), _text(body, "status"))
    return {}


def _revoke_integration(control: Control, key: str, _body: Body, _query: Body) -> object:
    control.integrations.revoke(unquote(key))
    return {}


def _run_consumers(control: Control, _key: str, body: Body, _query: Body) -> object:
    most = _number(body, "most") if body.get("most") is not None else None
    return {"executed": control.run_consumers(most)}


def _fail_operations(control: Control, _key: str, body: Body, _query: Body) -> object:
    message = {"message": _text(body, "message")} if "message" in body else {}
    control.fail_operations(_number(body, "count", 1), status=_number(body, "status", 2), **message)
    return {}


def _touch_product(control: Control, key: str, body: Body, _query: Body) -> object:
    product = control.touch_product(unquote(key), body)
    return {"sku": product["sku"], "updated_at": product["updated_at"]}


def _change_settings(control: Control, _key: str, body: Body, _query: Body) -> object:
    for path in body:
        control.set_setting(path, _text(body, path))
    return control.settings()


def _set_latency(control: Control, _key: str, body: Body, _query: Body) -> object:
    control.set_latency(_number(body, "milliseconds"))
    return {}


def _set_clock(control: Control, _key: str, body: Body, _query: Body) -> object:
    now = body["now"]
    moment = datetime.fromisoformat(str(now)) if now is not None else None
    if moment is not None and moment.tzinfo is None:
        raise ValueError("now needs a time zone, such as 2030-01-01T00:00:00Z")
    control.set_clock(moment)
    return {}


def _reset(control: Control, _key: str, _body: Body, _query: Body) -> object:
    control.reset()
    return {}


_ACTIONS: dict[tuple[str, ...], Action] = {
    ("GET", ""): _describe,
    ("GET", "faults"): _list_faults,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _clear_faults,
    ("DELETE", "faults", "*"): _remove_fault,
    ("GET", "requests"): _list_requests,
    ("DELETE", "requests"): _clear_requests,
    ("POST", "orders"): _add_orders,
    ("POST", "orders", "*", "touch"): _touch_order,
    ("POST", "accounts"): _add_account,
    ("POST", "accounts", "*", "revoke"): _revoke,
    ("POST", "customers"): _add_customer,
    ("POST", "integrations"): _add_integration,
    ("POST", "integrations", "*", "activate"): _activate,
    ("POST", "integrations", "*", "reauthorize"): _reauthorize,
    ("POST", "integrations", "*", "authorize"): _authorize,
    ("POST", "integrations", "*", "status"): _set_integration_status,
    ("POST", "integrations", "*", "revoke"): _revoke_integration,
    ("POST", "consumers"): _run_consumers,
    ("POST", "operation-failures"): _fail_operations,
    ("POST", "products", "*", "touch"): _touch_product,
    ("POST", "settings"): _change_settings,
    ("POST", "latency"): _set_latency,
    ("POST", "clock"): _set_clock,
    ("POST", "reset"): _reset,
}
