"""Clients described as data, built and used over real HTTP; and what is said about descriptions that are wrong."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mageferry.http import AddressRefused, HttpClient, Secret, UnexpectedStatus
from mageferry.http.addresses import AddressPolicy
from mageferry.http.config import ConfigError, Setup, Stores
from mageferry.http.placeholders import Scope
from mageferry.http.plugins.log import Exchange
from tests.http.local_server import LocalServer, Say, Seen, serving

CONTEXT = {"globals": {"region": "eu", "key": Secret("CANARY")}}


def problems(description: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        Setup.parse(description)
    return [str(problem) for problem in caught.value.problems]


def client(plugins: list[dict[str, Any]], authentication: Any = None, **wire: Any) -> dict[str, Any]:
    return {"clients": {"erp": {"plugins": plugins, "authentication": authentication, "wire": wire}}}


def send(description: Any, server: LocalServer, path: str = "/x", **options: Any) -> Seen:
    config = Setup.parse(description).client("erp", **options)
    with HttpClient(config) as http:
        http.request("GET", server.url + path)
    return server.seen[-1]


def test_a_client_is_built_from_json_with_its_plugins_in_order() -> None:
    with serving(lambda _: Say(204)) as server:
        plugins = [
            {"type": "base_uri", "uri": f"{server.url}/@{{globals.region}}"},
            {"type": "header_set", "headers": {"X-Key": "k-@{globals.key}", "X-Stage": "${STAGE}"}},
            {"type": "header_append", "headers": {"X-Key": "more"}},
            {"type": "query_defaults", "parameters": {"lang": "de"}},
            *(
                {"type": kind}
                for kind in ("log", "content_type", "content_length", "cookies", "redirect", "decode")
            ),
            *({"type": kind} for kind in ("retry", "cache", "expect")),
            {
                "type": "rate_limit",
                "requests": 100,
                "concurrency": 2,
                "header": {"name": "X-Left", "threshold": 1},
            },
            {"type": "header_remove", "names": ["X-Gone"]},
            {"type": "header_defaults", "headers": {"Accept": "application/json"}},
        ]
        told: list[Exchange] = []
        description = client(
            plugins, {"type": "bearer", "token": "${TOKEN}"}, user_agent="hub", read_seconds=5
        )
        scope = Scope(environment={"STAGE": "test", "TOKEN": Secret("tok")}, context=CONTEXT)
        stores = Stores(on_exchange=lambda name, exchange, style: told.append(exchange))
        config = Setup.parse(orjson.dumps(description)).client("erp", scope, stores)
        with HttpClient(config) as http:
            assert http.request("GET", "/orders").status == 204
        [request] = server.seen
    assert request.target == "/eu/orders?lang=de"
    assert request.headers["authorization"] == "Bearer tok"
    assert (request.headers["x-key"], request.headers["x-stage"]) == ("k-CANARY, more", "test")
    assert request.headers["user-agent"] == "hub"
    assert "CANARY" not in f"{told[0].render()} {config!r}"


@pytest.mark.parametrize(
    ("authentication", "header"),
    [
        ({"type": "basic", "username": "u", "password": "p"}, "Basic dTpw"),
        ({"type": "jwt", "key": "k" * 32}, "Bearer ey"),
        ({"type": "oauth1", "consumer_key": "ck", "consumer_secret": "cs"}, "OAuth oauth_consumer_key"),
        (
            {
                "type": "aws_sigv4",
                "region": "r",
                "service": "s",
                "access_key_id": "a",
                "secret_access_key": "s",
            },
            "AWS4-HMAC-SHA256 Credential=a/",
        ),
    ],
)
def test_authentications_are_built_inline(authentication: dict[str, Any], header: str) -> None:
    with serving(lambda _: Say(204)) as server:
        assert send(client([], authentication), server).headers["authorization"].startswith(header)


def test_a_stored_authentication_is_shared_by_name_and_asks_over_another_client() -> None:
    def serve(request: Seen) -> Say:
        if request.path == "/api/token":
            good = (
                request.headers["authorization"] == "Basic dTpw"
                and request.body == b'{"user":"u","password":"&{x}"}'
            )
            return Say(200, "t1") if good else Say(403)
        return Say(200, request.headers["x-auth"] or "none")

    with serving(serve) as server:
        description = {
            "clients": {
                "erp": {"authentication": "login"},
                "gate": {
                    "plugins": [{"type": "base_uri", "uri": f"{server.url}/api"}],
                    "authentication": {"type": "basic", "username": "u", "password": "p"},
                },
            },
            "authentications": {
                "login": {
                    "type": "request",
                    "uri": f"{server.url}/api/token",
                    "parameters": {"user": "u"},
                    "secrets": {"password": r"\&{x}"},
                    "client": "gate",
                    "header": "X-Auth",
                    "template": "&{@[0]}",
                }
            },
        }
        with HttpClient(Setup.parse(description).client("erp")) as http:
            assert http.request("GET", f"{server.url}/x").json() == "t1"


def test_a_request_uri_stands_behind_the_base_uri_of_its_client() -> None:
    with serving(lambda request: Say(200, "t")) as server:
        base = {"type": "base_uri", "uri": f"{server.url}/rest"}
        send(client([base], {"type": "request", "uri": "/V1/token"}), server)
        assert server.seen[0].path == "/rest/V1/token"
    with pytest.raises(ConfigError, match="not complete"):
        Setup.parse(client([], {"type": "request", "uri": "/V1/token"})).client("erp")


@pytest.mark.parametrize("grant", ["client_credentials", "password", "refresh", "authorization_code"])
def test_grants_of_oauth2_are_built(grant: str) -> None:
    answer = {"access_token": "at", "expires_in": 60}
    more = {
        "password": {"username": "u", "password": "p"},
        "refresh": {"refresh_token": "r"},
        "authorization_code": {"authorize_url": "https://id.example/", "refresh_token": "r"},
    }
    with serving(lambda _: Say(200, answer)) as server:
        options = {"token_url": f"{server.url}/token", "client_id": "c", "client_secret": "s", "scope": "a b"}
        description = client([], {"type": f"oauth2_{grant}", **options, **more.get(grant, {})})
        assert send(description, server).headers["authorization"] == "Bearer at"
        assert server.seen[0].form["scope"] == "a b"


def test_the_wire_of_a_client_is_its_own_also_when_another_signs_in_over_it(tmp_path: Any) -> None:
    with serving(lambda request: Say(200, request.headers["user-agent"])) as server:
        assert send(client([], None, user_agent="mine"), server).headers["user-agent"] == "mine"
    description = client([], None, proxy="http://u:CANARY@127.0.0.1:1")
    config = Setup.parse(description).client("erp")
    assert config.proxy == Secret("http://u:CANARY@127.0.0.1:1")
    assert "CANARY" not in repr(config)


def test_addresses_of_users_are_judged() -> None:
    with serving(lambda _: Say(204)) as server:
        with pytest.raises(AddressRefused):
            send(client([]), server, addresses=AddressPolicy())
        assert server.seen == []


def test_the_expected_statuses_are_those_described() -> None:
    with serving(lambda _: Say(404)) as server:
        assert send(client([{"type": "expect", "statuses": "200-299, 404"}]), server)
        with pytest.raises(UnexpectedStatus):
            send(client([{"type": "expect"}]), server)


@pytest.mark.parametrize(
    ("description", "problem"),
    [
        (b"{", "this is no JSON (line 1"),
        ([], "a description is an object"),
        ({"client": {}}, "client: there is no such option"),
        ({"clients": []}, "clients: must be an object of names"),
        ({"clients": {"a": 1}}, "clients.a: a client is an object"),
        ({"clients": {"a": {"plugin": []}}}, "clients.a.plugin: there is no such option"),
        ({"clients": {"a": {"plugins": {}}}}, "clients.a.plugins: must be a list"),
        (client([{"type": "nope"}]), "clients.erp.plugins[0].type: there is no such type"),
        (client([{"uri": "x"}]), "clients.erp.plugins[0].type: the type is missing"),
        (client(["retry"]), "clients.erp.plugins[0]: must be an object with a type"),
        (client([{"type": "base_uri"}]), "clients.erp.plugins[0].uri: is missing"),
        (client([{"type": "retry", "times": 3}]), "clients.erp.plugins[0].times: there is no such option"),
        (
            client([{"type": "retry", "attempts": 0}]),
            "clients.erp.plugins[0].attempts: input should be greater",
        ),
        (
            client([{"type": "retry", "statuses": "5xx"}]),
            "clients.erp.plugins[0].statuses: '5xx' is no range",
        ),
        (
            client([{"type": "retry", "exceptions": ["x"]}]),
            "clients.erp.plugins[0].exceptions[0]: input should be",
        ),
        (
            client([{"type": "decode", "encodings": ["br"]}]),
            "clients.erp.plugins[0].encodings: br: only gzip",
        ),
        (client([{"type": "rate_limit", "header": {}}]), "clients.erp.plugins[0].header.name: is missing"),
        (
            client([{"type": "header_set", "headers": {"X": "a &{b"}}]),
            "clients.erp.plugins[0].headers.X: The placeholder &{ is never closed (character 3)",
        ),
        (client([], "login"), "clients.erp.authentication: there is no authentication 'login'"),
        (client([], {"type": "bearer"}), "clients.erp.authentication.token: is missing"),
        (
            client([], {"type": "bearer", "token": ""}),
            "clients.erp.authentication.token: the secret is missing",
        ),
        (
            client([], {"type": "bearer", "token": "********"}),
            "authentication.token: the secret was masked",
        ),
        (client([], {"type": "bearer", "token": 7}), "clients.erp.authentication.token: a text is needed"),
        (
            client([], {"type": "request", "uri": "u", "template": "&{a b}"}),
            "clients.erp.authentication.template: 'a b' is no JMESPath expression: 'b' is not expected (character 5)",
        ),
        (
            client([], {"type": "request", "uri": "u", "client": "x"}),
            "clients.erp.authentication.client: there is no",
        ),
        (client([], None, read_seconds=0), "clients.erp.wire.read_seconds: input should be greater than 0"),
    ],
)
def test_what_is_wrong_is_said_with_its_field(description: Any, problem: str) -> None:
    [found] = problems(description)
    assert problem.lower() in found.lower()


def test_every_problem_is_told_at_once() -> None:
    description = {"clients": {"a": {"plugins": [{"type": "x"}, {"type": "base_uri"}]}, "b": {"more": 1}}}
    assert len(problems(description)) == 3


def test_clients_that_need_each_other_to_sign_in_are_refused() -> None:
    def over(name: str) -> dict[str, Any]:
        return {"authentication": {"type": "request", "uri": "https://a.example/", "client": name}}

    assert "goes in a circle: a needs b needs a" in problems({"clients": {"a": over("b"), "b": over("a")}})[0]
    assert "a needs a" in problems({"clients": {"a": over("a")}})[0]
    stored = {
        "clients": {"a": {"authentication": "s"}},
        "authentications": {"s": over("a")["authentication"]},
    }
    assert "a needs a" in problems(stored)[0]
    Setup.parse({"clients": {"a": over("b"), "b": over("c"), "c": {}}})


@pytest.mark.parametrize(
    ("plugins", "authentication", "path"),
    [
        ([{"type": "base_uri", "uri": "@{globals.missing}"}], None, "clients.erp.uri"),
        ([{"type": "header_set", "headers": {"X": "${NOPE}"}}], None, "clients.erp.plugins[0].headers.X"),
        ([], {"type": "bearer", "token": "${NOPE}"}, "clients.erp.authentication.token"),
        ([{"type": "base_uri", "uri": "not a uri"}], None, "clients.erp.plugins[0]"),
        ([], {"type": "jwt", "key": "CANARY"}, "clients.erp.authentication"),
        ([], {"type": "bearer", "token": '"CANARY"'}, "clients.erp.authentication"),
    ],
)
def test_values_that_do_not_fit_are_told_when_the_client_is_built(
    plugins: Any, authentication: Any, path: str
) -> None:
    setup = Setup.parse(client(plugins, authentication))
    with pytest.raises(ConfigError) as caught:
        setup.client("erp")
    assert caught.value.problems[0].path == path
    assert "CANARY" not in f"{caught.value!r}{caught.value.__cause__!r}"


def test_a_client_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="there is no client 'nope'"):
        Setup.parse({}).client("nope")


def test_no_problem_and_no_copy_shows_a_secret() -> None:
    wrong = client([], {"type": "basic", "username": 7, "password": "CANARY", "CANARY2": "CANARY"})
    assert "CANARY" not in "".join(problems(wrong)).replace("CANARY2", "")
    setup = Setup.parse(client([], {"type": "basic", "username": "u", "password": "CANARY"}))
    description = setup.clients["erp"].authentication
    assert not isinstance(description, str | None)
    copies = [repr(setup.clients), str(description), description.model_dump(), description.model_dump_json()]
    assert "CANARY" not in str(copies)
    assert description.model_dump(mode="json") == {"username": "u", "password": "********"}


NAMES = ["clients", "plugins", "type", "authentication", "uri", "wire", "token", "x"]
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["clients", "plugins", "type", "authentication", "uri", "wire", "token", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(junk)
def test_whatever_is_given_there_is_a_setup_or_a_problem(description: Any) -> None:
    try:
        names = list(Setup.parse(description).clients)
    except ConfigError as error:
        names = [problem.message for problem in error.problems]
        assert names
    assert all(isinstance(name, str) for name in names)
