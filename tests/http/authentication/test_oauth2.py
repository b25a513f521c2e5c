"""OAuth 2.0 against a token endpoint over real HTTP."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import jwt
import pytest

from mageferry.http import (
    HttpClient,
    HttpConfig,
    InvalidRequest,
    MemoryVault,
    Secret,
    SignInRefused,
    transmit,
)
from mageferry.http.authentication.json_web_token import TokenSigner
from mageferry.http.authentication.oauth2 import (
    Authorization,
    ClientAssertion,
    ClientCredentials,
    ClientSecret,
    Grant,
    OAuth2,
    Password,
    RefreshToken,
    SecretIn,
    TokenEndpoint,
    begin_authorization,
    challenge,
    exchange_code,
)
from tests.http.local_server import LocalServer, Say, Seen, serving

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class TokenServer:
    """Answers the token endpoint; each token is numbered, refresh tokens rotate when told so."""

    def __init__(self, **answer: Any) -> None:
        self.answer = answer
        self.rotates = False
        self.forms: list[dict[str, str]] = []
        self.refusals: list[Say] = []

    def __call__(self, request: Seen) -> Say:
        if request.path != "/token":
            return Say(200, request.headers["authorization"])
        self.forms.append(request.form)
        if self.refusals:
            return self.refusals.pop(0)
        number = len(self.forms)
        refresh = {"refresh_token": f"refresh-{number}"} if self.rotates else {}
        return Say(
            200,
            {
                "access_token": f"access-{number}",
                "token_type": "Bearer",
                "expires_in": 3600,
                **refresh,
                **self.answer,
            },
        )


def endpoint(server: LocalServer, **options: Any) -> TokenEndpoint:
    options.setdefault("identity", ClientSecret("id", Secret("s:cret")))
    return TokenEndpoint(f"{server.url}/token", **options)


def tokens(server: LocalServer, count: int, grant: Grant, **options: Any) -> list[str]:
    auth = OAuth2(endpoint(server, **options), grant)
    with HttpClient(HttpConfig(authentication=auth)) as client:
        return [client.request("GET", f"{server.url}/x").json() for _ in range(count)]


def test_client_credentials_with_scope_and_audience() -> None:
    token_server = TokenServer()
    with serving(token_server) as server:
        scope = "openid,AdobeID"
        got = tokens(server, 2, ClientCredentials(), scope=scope, extra={"audience": "https://api.example"})
        header = server.seen[0].headers["authorization"]
    assert got == ["Bearer access-1"] * 2
    expected = {
        "grant_type": "client_credentials",
        "scope": "openid,AdobeID",
        "audience": "https://api.example",
    }
    assert token_server.forms == [expected]
    # RFC 6749, 2.3.1: id and secret are form encoded before they become user and password.
    assert base64.b64decode(header.removeprefix("Basic ")) == b"id:s%3Acret"


def test_a_password_grant_with_the_secret_in_the_body() -> None:
    token_server = TokenServer()
    with serving(token_server) as server:
        identity = ClientSecret("id", Secret("secret"), SecretIn.BODY)
        tokens(server, 1, Password("user", Secret("pass word")), identity=identity)
        assert server.seen[0].headers["authorization"] is None
    assert token_server.forms == [
        {
            "grant_type": "password",
            "username": "user",
            "password": "pass word",
            "client_id": "id",
            "client_secret": "secret",
        }
    ]


def test_an_assertion_stands_in_for_the_secret() -> None:
    token_server, key = TokenServer(), "k" * 40
    with serving(token_server) as server:
        identity = ClientAssertion("id", TokenSigner("HS256", Secret(key)))
        tokens(server, 1, ClientCredentials(), identity=identity)
        claims = jwt.decode(
            token_server.forms[0]["client_assertion"], key, ["HS256"], audience=f"{server.url}/token"
        )
    assert (claims["iss"], claims["sub"]) == ("id", "id")
    assert token_server.forms[0]["client_assertion_type"].endswith("jwt-bearer")


def test_refresh_tokens_rotate_and_the_latest_is_used() -> None:
    token_server, now = TokenServer(), [NOW]
    token_server.rotates = True
    vault = MemoryVault()
    with serving(token_server) as server:
        auth = OAuth2(endpoint(server, clock=lambda: now[0]), RefreshToken(Secret("first")), vault=vault)
        with HttpClient(HttpConfig(authentication=auth)) as client:
            for _ in range(3):
                assert client.request("GET", f"{server.url}/x").status == 200
                now[0] += timedelta(hours=2)
    assert [form["refresh_token"] for form in token_server.forms] == ["first", "refresh-1", "refresh-2"]


def test_a_server_that_does_not_rotate_keeps_its_refresh_token() -> None:
    token_server, now = TokenServer(), [NOW]
    with serving(token_server) as server:
        auth = OAuth2(endpoint(server, clock=lambda: now[0]), RefreshToken(Secret("only")))
        with HttpClient(HttpConfig(authentication=auth)) as client:
            client.request("GET", f"{server.url}/x")
            now[0] += timedelta(hours=2)
            client.request("GET", f"{server.url}/x")
    assert [form["refresh_token"] for form in token_server.forms] == ["only", "only"]


def test_a_refresh_token_survives_a_token_endpoint_that_is_down() -> None:
    answers = [
        Say(200, {"access_token": "a1", "refresh_token": "r1"}),
        Say(401),  # the API refuses a1
        Say(503),  # and the token endpoint is down
        Say(401),
        Say(200, {"access_token": "a2", "refresh_token": "r2"}),
        Say(200, {"ok": 1}),
    ]
    with serving(lambda _: answers.pop(0)) as server:
        auth = OAuth2(endpoint(server), RefreshToken(Secret("r0")))
        with HttpClient(HttpConfig(authentication=auth)) as client:
            with pytest.raises(Exception, match="503"):
                client.request("GET", f"{server.url}/x")
            assert client.request("GET", f"{server.url}/x").json() == {"ok": 1}
        forms = [request.form["refresh_token"] for request in server.seen if request.path == "/token"]
    assert forms == ["r0", "r1", "r1"]


def test_a_grant_without_a_person_gets_a_new_pair_when_the_refresh_token_ran_out() -> None:
    token_server, now = TokenServer(), [NOW]
    token_server.rotates = True
    with serving(token_server) as server:
        auth = OAuth2(endpoint(server, clock=lambda: now[0]), Password("u", Secret("p")))
        with HttpClient(HttpConfig(authentication=auth)) as client:
            client.request("GET", f"{server.url}/x")
            now[0] += timedelta(hours=2)
            token_server.refusals.append(Say(400, {"error": "invalid_grant"}))
            client.request("GET", f"{server.url}/x")
    assert [form["grant_type"] for form in token_server.forms] == ["password", "refresh_token", "password"]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (
            Say(400, {"error": "invalid_grant", "error_description": "Token expired"}),
            "invalid_grant, Token expired",
        ),
        (Say(401, {"error": "invalid_client"}), "refused (401): invalid_client"),
        (
            Say(200, {"error": "server_error", "AccessToken": "CANARY"}),
            "without an access_token; it has AccessToken, error",
        ),
        (Say(200, b"<html>CANARY</html>"), "without an access_token"),
    ],
)
def test_a_refusal_gives_the_servers_reason(answer: Say, text: str) -> None:
    token_server = TokenServer()
    token_server.refusals.append(answer)
    with serving(token_server) as server, pytest.raises(SignInRefused) as caught:
        tokens(server, 1, ClientCredentials())
    assert text in caught.value.message
    assert "CANARY" not in repr(caught.value)


def test_the_way_through_the_browser_ends_with_a_token() -> None:
    begun = begin_authorization(
        "https://id.example/authorize?x=1", "id", "https://hub.example/back", scope="orders read"
    )
    asked = {name: values[0] for name, values in parse_qs(urlsplit(begun.url).query).items()}
    assert asked["code_challenge"] == challenge(begun.verifier.reveal())
    assert (asked["x"], asked["scope"], asked["state"]) == ("1", "orders read", begun.state)
    token_server = TokenServer(refresh_token="r1")
    with serving(token_server) as server, HttpClient() as client:
        returned = f"https://hub.example/back?code=c%2F1&state={quote(begun.state)}"
        token = client.run(exchange_code(begun, returned, endpoint(server), transmit))
    assert (token.text, token.refresh) == (Secret("access-1"), Secret("r1"))
    [form] = token_server.forms
    assert (form["code"], form["code_verifier"]) == ("c/1", begun.verifier.reveal())
    assert begun.verifier.reveal() not in repr(begun)


def test_the_challenge_is_that_of_rfc_7636() -> None:
    assert (
        challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


@pytest.mark.parametrize(
    ("returned", "text"),
    [
        ("?code=c&state=forged", "does not belong"),
        ("?code=c", "does not belong"),
        ("?error=access_denied&error_description=The+person+said+no&state=s", "The person said no"),
        ("?state=s", "no code"),
    ],
)
def test_a_return_that_is_forged_or_refused_asks_nothing(returned: str, text: str) -> None:
    begun = Authorization("https://id.example/", "s", Secret("v"), "https://hub.example/back")
    with serving(TokenServer()) as server, HttpClient() as client:
        with pytest.raises(SignInRefused, match=text):
            client.run(
                exchange_code(begun, f"https://hub.example/back{returned}", endpoint(server), transmit)
            )
        assert server.seen == []


def test_an_authorization_needs_a_web_address() -> None:
    with pytest.raises(InvalidRequest):
        begin_authorization("id.example/authorize", "id", "https://hub.example/back")
