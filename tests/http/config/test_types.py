"""Every type with every option: read, written back, masked, and refused with the name of the option."""

from __future__ import annotations

import traceback
from typing import Any

import orjson
import pytest

from mageferry.http import HttpClient, MemoryVault, Secret
from mageferry.http.config import (
    AUTHENTICATIONS,
    PLUGINS,
    Catalogue,
    ConfigError,
    FieldKind,
    FormField,
    Setup,
    Stores,
    form_fields,
)
from mageferry.http.placeholders import Scope
from mageferry.magento.config import MAGENTO_AUTHENTICATIONS
from tests.http.config import samples
from tests.http.local_server import LocalServer, Say, Seen, serving

CATALOGUE = Catalogue().plus(*MAGENTO_AUTHENTICATIONS)
GATE: dict[str, Any] = {"plugins": []}
WIRE = {
    "verify_tls": False,
    "certificates": "/etc/ca.pem",
    "proxy": f"http://u:{samples.CANARY}@127.0.0.1:1",
    "connect_seconds": 1.0,
    "read_seconds": 2.0,
    "total_seconds": 3.0,
    "max_connections": 4,
    "user_agent": "test",
}
WRONG: dict[FieldKind, Any] = {
    FieldKind.TEXT: 7,
    FieldKind.SECRET: 7,
    FieldKind.INTEGER: "many",
    FieldKind.NUMBER: "long",
    FieldKind.CHECKBOX: "perhaps",
    FieldKind.CHOICE: "another",
    FieldKind.LIST: 7,
    FieldKind.OBJECT: {"a": "&{"},
    FieldKind.TEXTS: {"a": "&{"},
    FieldKind.SECRETS: {"a": 7},
}
ALL = [
    *((kind, samples.PLUGINS) for kind in PLUGINS),
    *((kind, samples.AUTHENTICATIONS) for kind in (*AUTHENTICATIONS, *MAGENTO_AUTHENTICATIONS)),
]
CASES = [
    pytest.param(kind.type_name, field, id=f"{kind.type_name}-{field.name}")
    for kind, _ in ALL
    for field in form_fields(kind)
]


def described(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """A description with a client that has this plugin or authentication."""
    found = {"type": name, **options}
    client = {"plugins": [found]} if name in samples.PLUGINS else {"plugins": [], "authentication": found}
    return {"clients": {"erp": client, "gate": GATE}, "authentications": {}}


def options_of(name: str) -> dict[str, Any]:
    return samples.PLUGINS.get(name) or samples.AUTHENTICATIONS.get(name) or {}


@pytest.mark.parametrize("name", [*samples.PLUGINS, *samples.AUTHENTICATIONS])
def test_a_description_is_written_back_as_it_was_read(name: str) -> None:
    given = described(name, options_of(name))
    setup = Setup.parse(given, CATALOGUE)
    assert setup.data(reveal=True) == given
    again = Setup.parse(orjson.dumps(setup.data(reveal=True)), CATALOGUE)
    assert (again.clients, again.authentications) == (setup.clients, setup.authentications)


@pytest.mark.parametrize("name", [*samples.PLUGINS, *samples.AUTHENTICATIONS])
def test_secrets_are_masked_wherever_a_description_is_shown(name: str) -> None:
    given = described(name, options_of(name))
    setup = Setup.parse(given, CATALOGUE)
    shown = f"{setup.data()} {setup.clients!r} {orjson.dumps(setup.data()).decode()}"
    assert samples.CANARY not in shown
    count = orjson.dumps(given).decode().count(samples.CANARY)
    assert len(list(setup.secrets())) == count
    if count:
        # Masked, it cannot be taken for the real thing.
        with pytest.raises(ConfigError, match="the secret was masked"):
            Setup.parse(setup.data(), CATALOGUE)


def test_the_wire_and_stored_authentications_are_written_back_too() -> None:
    given = {
        "clients": {"erp": {"plugins": [], "authentication": "login", "wire": WIRE}},
        "authentications": {"login": {"type": "bearer", "token": samples.CANARY}},
    }
    setup = Setup.parse(given)
    assert setup.data(reveal=True) == given
    assert samples.CANARY not in str(setup.data())
    assert [secret.reveal() for secret in setup.secrets()] == [samples.CANARY, WIRE["proxy"]]


@pytest.mark.parametrize("kind", [kind for kind, _ in ALL], ids=lambda kind: kind.type_name)
def test_the_samples_have_every_option(kind: Any) -> None:
    assert set(options_of(kind.type_name)) == set(kind.model_fields)


@pytest.mark.parametrize(("name", "field"), CASES)
def test_a_wrong_value_is_told_with_the_path_of_its_option(name: str, field: FormField) -> None:
    outer, _, inner = field.name.partition(".")
    wrong = {outer: {**options_of(name)[outer], inner: WRONG[field.kind]} if inner else WRONG[field.kind]}
    with pytest.raises(ConfigError) as caught:
        Setup.parse(described(name, {**options_of(name), **wrong}), CATALOGUE)
    place = "clients.erp.plugins[0]" if name in samples.PLUGINS else "clients.erp.authentication"
    paths = [problem.path for problem in caught.value.problems]
    assert all(path.startswith(f"{place}.{field.name}") for path in paths), paths
    assert samples.CANARY not in "".join(traceback.format_exception(caught.value))


def client_of(server: LocalServer, authentication: dict[str, Any], **more: Any) -> HttpClient:
    base = {"type": "base_uri", "uri": server.url}
    description = {"clients": {"erp": {"plugins": [base], "authentication": authentication}, **more}}
    return HttpClient(Setup.parse(description, CATALOGUE).client("erp", Scope()))


def test_a_key_in_the_query_is_sent_and_never_shown() -> None:
    with serving(lambda _: Say(204)) as server:
        with client_of(server, {"type": "query_param", "name": "k", "value": samples.CANARY}) as http:
            http.request("GET", "/x?a=1")
        assert server.seen[0].target == f"/x?a=1&k={samples.CANARY}"


def test_digest_answers_the_challenge() -> None:
    def serve(request: Seen) -> Say:
        if (request.headers["authorization"] or "").startswith("Digest username="):
            return Say(204)
        return Say(401, b"", {"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5'})

    with serving(serve) as server:
        with client_of(server, {"type": "digest", "username": "u", "password": "p"}) as http:
            assert http.request("GET", "/x").status == 204
        assert len(server.seen) == 2


def test_request_authentication_with_all_its_options() -> None:
    """Asked over another client as a form, with secret parameters and headers; renewed on a refusal in the body."""
    issued: list[Seen] = []

    def serve(request: Seen) -> Say:
        if request.path == "/token":
            issued.append(request)
            return Say(200, {"access": f"t{len(issued)}", "seconds": "60"})
        fresh = request.headers["x-auth"] == "Token t2"
        return Say(200, {"code": 0 if fresh else 7})

    with serving(serve) as server:
        authentication = {
            "type": "request",
            **samples.AUTHENTICATIONS["request"],
            "uri": "/token",
            "parameters": {"user": "hub"},
            "secrets": {"pass word": "p&{x}".replace("&", "\\&")},
            "cache": True,
            "refused_statuses": "403",
        }
        gate = {"plugins": [{"type": "header_set", "headers": {"X-Gate": "1"}}]}
        with client_of(server, authentication, gate=gate) as http:
            assert http.request("GET", "/x").json() == {"code": 0}
        assert [(seen.method, seen.form) for seen in issued] == [
            ("PUT", {"user": "hub", "pass word": "p&{x}"}),
        ] * 2
        assert (issued[0].headers["x-gate"], issued[0].headers["x-api-key"]) == ("1", f"{samples.CANARY}-key")


@pytest.mark.parametrize(
    ("source", "template", "answer"),
    [
        ("header", '&{"x-token"}', Say(200, b"", {"X-Token": "abc"})),
        ("status", "Code &{@[0]}", Say(201)),
        ("body", "Bearer &{data.items[0].token}", Say(200, {"data": {"items": [{"token": "abc"}]}})),
    ],
)
def test_the_header_is_filled_from_any_part_of_the_answer(source: str, template: str, answer: Say) -> None:
    wanted = {"header": "abc", "status": "Code 201", "body": "Bearer abc"}[source]
    with serving(lambda request: answer if request.path == "/token" else Say(204)) as server:
        authentication = {"type": "request", "uri": "/token", "source": source, "template": template}
        with client_of(server, authentication) as http:
            http.request("GET", "/x")
        assert server.seen[1].headers["authorization"] == wanted


def test_one_authentication_of_two_shops_has_a_token_for_each() -> None:
    """A sign-in behind the base URI belongs to that address: its token must not go to another server."""
    kept: dict[str, str] = {}

    def vault(owner: str) -> Any:
        kept[owner] = owner
        return MemoryVault()

    clients = {
        name: {"plugins": [{"type": "base_uri", "uri": f"https://{name}.example"}], "authentication": "login"}
        for name in ("one", "two")
    }
    setup = Setup.parse(
        {"clients": clients, "authentications": {"login": {"type": "request", "uri": "/token"}}}
    )
    for name in clients:
        setup.client(name, stores=Stores(vault=vault))
    assert sorted(kept) == [
        "authentication:login@https://one.example",
        "authentication:login@https://two.example",
    ]


def test_secret_headers_and_parameters_are_sent_and_masked() -> None:
    plugins = [
        {"type": "header_set", "secrets": {"X-Odd": f"{samples.CANARY}-1"}},
        {"type": "query_defaults", "secrets": {"odd": f"{samples.CANARY}-2"}},
    ]
    with serving(lambda _: Say(204)) as server:
        config = Setup.parse({"clients": {"erp": {"plugins": plugins}}}).client("erp")
        with HttpClient(config) as http:
            http.request("GET", f"{server.url}/x")
        assert server.seen[0].headers["x-odd"] == f"{samples.CANARY}-1"
        assert server.seen[0].target == f"/x?odd={samples.CANARY}-2"
    assert samples.CANARY not in repr(config)


@pytest.mark.parametrize("name", ["header_set", "header_defaults", "header_append", "query_defaults"])
def test_a_plugin_that_would_add_nothing_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"plugins\[0\]: no (header|parameter) is given"):
        Setup.parse(described(name, {}))


def test_the_connection_of_an_authorization_begins_at_its_address() -> None:
    options = {**samples.AUTHENTICATIONS["oauth2_authorization_code"], "client": ""}
    setup = Setup.parse({"authentications": {"id": {"type": "oauth2_authorization_code", **options}}})
    tools = setup.tools("id")
    authentication: Any = setup.authentications["id"]
    begun = authentication.begin(tools, "https://hub.example/back")
    assert begun.url.startswith("https://id.example/authorize?response_type=code&client_id=hub&redirect_uri=")
    assert "code_challenge_method=S256" in begun.url
    endpoint = authentication.endpoint(tools)
    assert endpoint.extra == {"audience": "https://api.example", "device": f"{samples.CANARY}-device"}
    assert Secret("x") != begun.verifier
