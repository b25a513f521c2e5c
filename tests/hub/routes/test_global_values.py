"""Global values in the templates of HTTP clients: base URI, headers, sign-in; the secret ones never shown."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from mageferry.http.redaction import MASK, Secret
from mageferry.hub.pipelines.clients import close_clients, open_client
from mageferry.hub.pipelines.descriptions import check_client
from mageferry.hub.pipelines.models import HttpClientRecord, HttpRequestRecord
from mageferry.hub.pipelines.trial import Call, send_call
from mageferry.hub.routes.models import GlobalValue
from mageferry.hub.routes.preview import preview_request
from mageferry.hub.routes.trial import try_step
from tests.http.local_server import LocalServer, Say, Seen, serving
from tests.hub.pipelines.builders import make_authentication, make_client
from tests.hub.routes.builders import READ_ORDERS, SEND_ORDER, make_incoming, make_outgoing, order

READ_ORDERS_ONCE = {name: READ_ORDERS[name] for name in ("request", "items", "entities")}
KEY = "the-key-of-the-erp"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server() -> Iterator[LocalServer]:
    def answer(request: Seen) -> Say:
        if request.path == "/token":
            return Say(200, f"token-of-{request.headers['x-account']}")
        return Say(200, {"orders": [{"number": "W-1"}], "echo": request.headers.get("x-key", "")})

    with serving(answer) as running:
        yield running
        close_clients()


def set_values(**values: str) -> None:
    for name, value in values.items():
        is_secret = name in ("key", "password")
        defaults = {
            "is_secret": is_secret,
            "secret" if is_secret else "value": Secret(value) if is_secret else value,
        }
        GlobalValue.objects.update_or_create(name=name, defaults=defaults)


def send(client: HttpClientRecord, path: str = "/orders") -> None:
    with open_client(HttpClientRecord.objects.get(pk=client.pk)) as http:
        http.request("GET", path)


def test_base_uri_headers_and_sign_in_are_filled_from_them(server: LocalServer) -> None:
    set_values(erp=server.url, branch="Berlin", key=KEY, password="a-long-password")
    client = make_client(
        "@{globals.erp}/api",
        plugins=(
            (
                "header_set",
                {"headers": {"X-Branch": "@{globals.branch}"}, "secrets": {"X-Key": "@{globals.key}"}},
            ),
        ),
        own=("basic", {"username": "hub", "password": "@{globals.password}"}),
    )
    send(client)
    seen = server.seen[-1]
    assert (seen.path, seen.headers["x-branch"], seen.headers["x-key"]) == ("/api/orders", "Berlin", KEY)
    assert base64.b64decode(seen.headers["authorization"].split()[1]) == b"hub:a-long-password"


def test_a_secret_one_is_masked_in_the_log_and_on_the_page_of_a_trial(server: LocalServer) -> None:
    set_values(key=KEY)
    client = make_client(
        server.url, log_formatter="full", plugins=(("header_set", {"headers": {"X-Key": "@{globals.key}"}}),)
    )
    outcome = send_call(client, Call(path=f"/orders/{KEY}", body=f"key={KEY}", method="POST"))
    assert server.seen[-1].headers["x-key"] == KEY
    assert outcome.last is not None
    assert outcome.last.status == 200
    assert KEY not in str(outcome)
    assert KEY not in str(list(HttpRequestRecord.objects.values()))


def test_a_value_that_changes_is_used_from_the_next_request_on(server: LocalServer) -> None:
    set_values(branch="Berlin")
    client = make_client(
        server.url, plugins=(("header_set", {"headers": {"X-Branch": "@{globals.branch}"}}),)
    )
    send(client)
    set_values(branch="Bremen")
    send(client)
    assert [each.headers["x-branch"] for each in server.seen] == ["Berlin", "Bremen"]


def test_a_sign_in_by_another_value_leaves_the_old_token_behind(server: LocalServer) -> None:
    set_values(account="one")
    login = make_authentication("request", uri="/token", headers={"X-Account": "@{globals.account}"})
    client = make_client(server.url, authentication=login)
    send(client)
    set_values(account="two", unrelated="x")
    send(client)
    set_values(unrelated="y")
    send(client)
    assert [each.headers.get("authorization") for each in server.seen if each.path == "/orders"] == [
        "Bearer token-of-one",
        "Bearer token-of-two",
        "Bearer token-of-two",
    ]
    assert [each.path for each in server.seen].count("/token") == 2


def test_one_that_is_not_there_keeps_the_client_from_being_used() -> None:
    (problem,) = check_client(make_client("@{globals.nowhere}/api"))
    assert "@{globals.nowhere} finds nothing" in problem


def test_a_trial_shows_the_sign_in_over_another_client_first(server: LocalServer) -> None:
    set_values(key=KEY)
    gate = make_client(
        server.url,
        name="Gate",
        code="gate",
        plugins=(("header_set", {"secrets": {"X-Account": "@{globals.key}"}}),),
    )
    login = make_authentication("request", uri=f"{server.url}/token", client=gate.code)
    incoming = make_incoming(make_client(server.url, authentication=login), READ_ORDERS_ONCE)
    trial = try_step(incoming)
    assert [(each.method, each.url, each.status) for each in trial.exchanges] == [
        ("POST", f"{server.url}/token", 200),
        ("GET", f"{server.url}/orders", 200),
    ]
    assert KEY not in str(trial.exchanges)
    assert "token-of" not in str(trial.exchanges)


def test_a_preview_is_filled_and_masked(server: LocalServer) -> None:
    set_values(erp=server.url, key=KEY)
    client = make_client(
        "@{globals.erp}", plugins=(("header_set", {"headers": {"X-Mark": "@{globals.key}"}}),)
    )
    preview = preview_request(make_outgoing(client, SEND_ORDER), order(1))
    (request,) = preview.requests
    assert (request.url, dict(request.request_headers)["X-Mark"]) == (f"{server.url}/sales", MASK)
    assert server.seen == []
