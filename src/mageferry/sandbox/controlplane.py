"""What the control plane of a shop does beside the common actions (see plane).

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
"""

from __future__ import annotations

from urllib.parse import unquote

from mageferry.sandbox.access import EVERYTHING
from mageferry.sandbox.control import Control
from mageferry.sandbox.plane import Actions, Body, number, text


def _add_orders(control: Control, _key: str, body: Body, _query: Body) -> object:
    ids = control.add_orders(
        number(body, "count", 1), seed=number(body, "seed", 0), status=text(body, "status", "")
    )
    return {"ids": ids}


def _touch_order(control: Control, key: str, body: Body, _query: Body) -> object:
    order = control.touch_order(int(key), body)
    return {"entity_id": order["entity_id"], "updated_at": order["updated_at"]}


def _add_account(control: Control, _key: str, body: Body, _query: Body) -> object:
    resources = body.get("resources")
    chosen = {"resources": frozenset(map(str, resources))} if isinstance(resources, list) else {}
    minutes = number(body, "token_minutes") if body.get("token_minutes") is not None else None
    control.add_account(
        text(body, "username"),
        text(body, "password"),
        active=bool(body.get("active", True)),
        token_minutes=minutes,
        totp_secret=text(body, "totp_secret", ""),
        **chosen,
    )
    return {}


def _add_customer(control: Control, _key: str, body: Body, _query: Body) -> object:
    control.add_customer_login(text(body, "email"), text(body, "password"))
    return {}


def _revoke(control: Control, key: str, _body: Body, _query: Body) -> object:
    control.revoke_tokens(key)
    return {}


def _add_integration(control: Control, _key: str, body: Body, _query: Body) -> object:
    resources = body.get("resources")
    chosen = tuple(map(str, resources)) if isinstance(resources, list) else (EVERYTHING,)
    return control.integrations.add(
        text(body, "name"), endpoint=text(body, "endpoint", ""), resources=chosen
    ).describe()


def _activate(control: Control, key: str, body: Body, _query: Body) -> object:
    control.integrations.activate(unquote(key), text(body, "endpoint", ""))
    return {}


def _reauthorize(control: Control, key: str, body: Body, _query: Body) -> object:
    control.integrations.reauthorize(unquote(key), text(body, "endpoint", ""))
    return {}


def _authorize(control: Control, key: str, _body: Body, _query: Body) -> object:
    return control.integrations.authorize(unquote(key)).describe()


def _set_integration_status(control: Control, key: str, body: Body, _query: Body) -> object:
    control.integrations.set_status(unquote(key), text(body, "status"))
    return {}


def _revoke_integration(control: Control, key: str, _body: Body, _query: Body) -> object:
    control.integrations.revoke(unquote(key))
    return {}


def _run_consumers(control: Control, _key: str, body: Body, _query: Body) -> object:
    most = number(body, "most") if body.get("most") is not None else None
    return {"executed": control.run_consumers(most)}


def _fail_operations(control: Control, _key: str, body: Body, _query: Body) -> object:
    message = {"message": text(body, "message")} if "message" in body else {}
    control.fail_operations(number(body, "count", 1), status=number(body, "status", 2), **message)
    return {}


def _touch_product(control: Control, key: str, body: Body, _query: Body) -> object:
    product = control.touch_product(unquote(key), body)
    return {"sku": product["sku"], "updated_at": product["updated_at"]}


def _change_settings(control: Control, _key: str, body: Body, _query: Body) -> object:
    for path in body:
        control.set_setting(path, text(body, path))
    return control.settings()


ACTIONS: Actions[Control] = {
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
}
