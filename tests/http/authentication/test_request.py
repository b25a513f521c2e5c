"""Request authentication: a token that is asked for first."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme

from mageferry.http import (
    AsyncHttpClient,
    HttpClient,
    HttpConfig,
    MemoryVault,
    Secret,
    SignInFailed,
    SignInRefused,
    TlsFailed,
)
from mageferry.http.authentication.basic import Basic
from mageferry.http.authentication.request import RequestAuthentication, SignInRequest, Source
from mageferry.http.encoding import Encoder
from mageferry.http.placeholders import Scope, TemplateError
from mageferry.http.plugins.retry import Backoff, Retry, StandardRule
from tests.http.local_server import LocalServer, Say, Seen, serving


class TokenServer:
    """Gives out token-1, token-2, ... as a bare JSON string, and wants the newest in the header."""

    def __init__(self, header: str = "Authorization", template: str = "Bearer {}") -> None:
        self.header = header
        self.template = template
        self.issued = 0
        self.valid = True
        self.answer: Any = None

    def __call__(self, request: Seen) -> Say:
        if request.path == "/token":
            self.issued += 1
            return self.answer or Say(200, f"token-{self.issued}")
        expected = self.template.format(f"token-{self.issued}")
        good = self.valid and request.headers[self.header] == expected
        return Say(200, {"ok": 1}) if good else Say(401, {"message": "who are you?"})


def client_of(server: LocalServer, sign_in: dict[str, Any] | None = None, **options: Any) -> HttpClient:
    how = SignInRequest(f"{server.url}/token", **(sign_in or {}))
    return HttpClient(HttpConfig(authentication=RequestAuthentication(how, **options)))


def test_a_bare_string_becomes_the_header_and_is_asked_for_once() -> None:
    tokens = TokenServer()
    with (
        serving(tokens) as server,
        client_of(server, {"parameters": {"username": "u", "password": Secret("p")}}) as client,
    ):
        assert [client.request("GET", f"{server.url}/x").status for _ in range(3)] == [200, 200, 200]
    assert tokens.issued == 1
    asked = server.seen[0]
    assert (asked.method, asked.body) == ("POST", b'{"username":"u","password":"p"}')
    assert asked.headers["content-type"] == "application/json"


def test_a_refused_token_is_dropped_and_asked_for_once_more() -> None:
    tokens = TokenServer()
    with serving(tokens) as server, client_of(server) as client:
        client.request("GET", f"{server.url}/x")
        tokens.issued = 7  # all earlier ones no longer count
        assert client.request("GET", f"{server.url}/x").status == 200
        assert tokens.issued == 8


def test_a_new_token_that_is_refused_as_well_is_an_error_in_words() -> None:
    tokens = TokenServer()
    tokens.valid = False
    with serving(tokens) as server, client_of(server) as client, pytest.raises(SignInRefused) as caught:
        client.request("GET", f"{server.url}/x")
    assert tokens.issued == 2
    assert "who are you?" in caught.value.message
    assert "permitted" in caught.value.remedy


def test_a_token_runs_out_by_what_the_answer_says() -> None:
    tokens = TokenServer()
    tokens.answer = Say(200, {"key": "token-1", "seconds": "90"})
    now = [datetime(2026, 11, 22, tzinfo=UTC)]
    options = {"template": "Bearer &{key}", "expires_in": "&{seconds}", "clock": lambda: now[0]}
    with serving(tokens) as server, client_of(server, **options) as client:
        client.request("GET", f"{server.url}/x")
        now[0] += timedelta(seconds=29)
        client.request("GET", f"{server.url}/x")
        assert tokens.issued == 1
        now[0] += timedelta(seconds=60)
        tokens.answer = Say(200, {"key": "token-2", "seconds": 90})
        assert client.request("GET", f"{server.url}/x").status == 200
    assert tokens.issued == 2


@pytest.mark.parametrize(
    ("source", "template", "answer", "header"),
    [
        (Source.BODY, "Token &{data.0.key}", Say(200, {"data": [{"key": "k"}]}), "Token k"),
        (Source.BODY, "&{@[0]}", Say(200, b"plain-key", {"Content-Type": "text/plain"}), "plain-key"),
        (Source.HEADER, '&{"x-session"}', Say(204, b"", {"X-Session": "s1"}), "s1"),
        (Source.STATUS, "seen-&{@[0]}", Say(201), "seen-201"),
    ],
)
def test_the_template_is_filled_from_body_header_or_status(
    source: Source, template: str, answer: Say, header: str
) -> None:
    def serve(request: Seen) -> Say:
        return answer if request.path == "/token" else Say(200, request.headers["x-key"])

    with (
        serving(serve) as server,
        client_of(server, source=source, template=template, header="X-Key") as client,
    ):
        assert client.request("GET", f"{server.url}/x").json() == header


@pytest.mark.parametrize(
    ("encoder", "seen"),
    [
        (Encoder.FORM, ("/token", b"user%5Bname%5D=a+b&n=1")),
        (Encoder.QUERY, ("/token?user%5Bname%5D=a%20b&n=1", b"")),
        (Encoder.QUERY_PLUS, ("/token?user%5Bname%5D=a+b&n=1", b"")),
    ],
)
def test_parameters_go_where_the_encoder_says(encoder: Encoder, seen: tuple[str, bytes]) -> None:
    sign_in = {"encoder": encoder, "parameters": {"user": {"name": "a b"}, "n": 1, "none": None}}
    with serving(TokenServer()) as server, client_of(server, sign_in) as client:
        client.request("GET", f"{server.url}/x")
        assert (server.seen[0].target, server.seen[0].body) == seen


def test_placeholders_in_parameters_are_filled_and_stay_secret() -> None:
    scope = Scope(context={"globals": {"key": Secret("CANARY")}})
    sign_in = {
        "parameters": {"key": "@{globals.key}"},
        "headers": {"X-Key": "k @{globals.key}"},
        "scope": scope,
    }
    with serving(TokenServer()) as server, client_of(server, sign_in) as client:
        client.request("GET", f"{server.url}/x")
        assert "CANARY" not in repr(client.config)
        assert (server.seen[0].body, server.seen[0].headers["x-key"]) == (b'{"key":"CANARY"}', "k CANARY")


def test_another_client_may_ask_and_authenticates_itself() -> None:
    def serve(request: Seen) -> Say:
        if request.path == "/token":
            return Say(200, "t") if request.headers["authorization"] == "Basic dTpw" else Say(403)
        return Say(200, request.headers["authorization"])

    other = HttpConfig(authentication=Basic("u", Secret("p"))).chain()
    with serving(serve) as server, client_of(server, {"client": other}) as client:
        assert client.request("GET", f"{server.url}/x").json() == "Bearer t"


def test_another_client_asks_over_its_own_wire(tmp_path: Any) -> None:
    authority = trustme.CA()
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    tokens = TokenServer()
    with (
        serving(tokens, authority.issue_cert("127.0.0.1")) as gate,
        serving(lambda request: Say(200, request.headers["authorization"])) as server,
    ):
        secure = gate.url.replace("http://", "https://") + "/token"
        other = HttpConfig(verify=str(path)).as_guest()
        auth = RequestAuthentication(SignInRequest(secure, client=other))
        with HttpClient(HttpConfig(authentication=auth)) as client:
            assert client.request("GET", server.url).json() == "Bearer token-1"
            with pytest.raises(TlsFailed):
                client.request("GET", secure)

        async def asking() -> Any:
            again = RequestAuthentication(SignInRequest(secure, client=other))
            async with AsyncHttpClient(HttpConfig(authentication=again)) as http:
                return (await http.request("GET", server.url)).json()

        assert asyncio.run(asking()) == "Bearer token-2"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Say(401, {"message": "wrong password for you"}), "refused (401): wrong password for you"),
        (Say(200, {"error": "bad_login", "x": 1}), "finds nothing in its body; it has error, x"),
        (Say(200, {"data": {"TOKEN": "CANARY"}}), "finds nothing"),
        (Say(200, b"<html>CANARY</html>"), "with a page (200)"),
        (Say(200, ["two\r\nlines CANARY"]), "makes no header"),
        (Say(200, [{"a": "CANARY"}]), "makes no header"),
        (Say(302, b"", {"Location": "/login"}), "refused (302)"),
    ],
)
def test_an_answer_without_a_token_is_explained_without_showing_it(answer: Say, text: str) -> None:
    template = "&{@[0]}" if text.endswith("header") else "Bearer &{@[0]}"
    tokens = TokenServer()
    tokens.answer = answer
    with serving(tokens) as server, client_of(server, template=template) as client:
        with pytest.raises(SignInRefused) as caught:
            client.request("GET", f"{server.url}/x")
        assert [request.path for request in server.seen] == ["/token"]
    assert text in caught.value.message
    assert "CANARY" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.remedy}"


def test_an_error_served_with_200_is_recognised_by_a_rule() -> None:
    tokens = TokenServer()
    tokens.answer = Say(200, {"success": False, "message": "no such user"})
    sign_in = {"failed": "success == `false`"}
    with (
        serving(tokens) as server,
        client_of(server, sign_in, template="&{message}") as client,
        pytest.raises(SignInRefused, match="no such user"),
    ):
        client.request("GET", f"{server.url}/x")


def test_a_refusal_served_with_200_is_recognised_by_a_rule() -> None:
    expired = Say(200, {"error": "SESSION_EXPIRED"})
    answers = [Say(200, "t1"), expired, Say(200, "t2"), Say(200, {"ok": 1})]
    with (
        serving(lambda _: answers.pop(0)) as server,
        client_of(server, refused="body.error == 'SESSION_EXPIRED'") as client,
    ):
        assert client.request("GET", f"{server.url}/x").json() == {"ok": 1}
        assert server.seen[-1].headers["authorization"] == "Bearer t2"


def test_a_sign_in_that_is_down_leaves_a_write_unsent_and_is_tried_again() -> None:
    tokens = TokenServer()
    answers = [Say(503), Say(200, "token-1"), Say(200, {"ok": 1})]
    with serving(lambda _: answers.pop(0)) as server:
        how = RequestAuthentication(SignInRequest(f"{server.url}/token"))
        retry = Retry(StandardRule(backoff=Backoff(attempts=2, jitter=lambda _: 0)))
        with HttpClient(HttpConfig(plugins=(retry,), authentication=how)) as client:
            assert client.request("POST", f"{server.url}/x", json={}).json() == {"ok": 1}
        assert [request.path for request in server.seen] == ["/token", "/token", "/x"]
    tokens.answer = Say(500, {"message": "data base is down"})
    with (
        serving(tokens) as server,
        client_of(server) as client,
        pytest.raises(SignInFailed, match="data base"),
    ):
        client.request("POST", f"{server.url}/x")


def test_without_keeping_every_request_asks_anew() -> None:
    tokens = TokenServer()
    with serving(tokens) as server, client_of(server, keep=False) as client:
        assert [client.request("GET", f"{server.url}/x").status for _ in range(2)] == [200, 200]
    assert tokens.issued == 2


def test_threads_and_clients_share_one_sign_in() -> None:
    tokens, vault = TokenServer(), MemoryVault()
    with (
        serving(tokens) as server,
        client_of(server, vault=vault) as one,
        client_of(server, vault=vault) as two,
    ):
        statuses: list[int] = []

        def work(client: HttpClient) -> None:
            statuses.append(client.request("GET", f"{server.url}/x").status)

        threads = [threading.Thread(target=work, args=(client,)) for client in (one, two) * 6]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (statuses, tokens.issued) == ([200] * 12, 1)


def test_tasks_of_an_event_loop_share_one_sign_in() -> None:
    tokens = TokenServer()

    async def work(server: LocalServer) -> list[int]:
        auth = RequestAuthentication(SignInRequest(f"{server.url}/token"))
        async with AsyncHttpClient(HttpConfig(authentication=auth)) as client:
            answers = await asyncio.gather(*(client.request("GET", f"{server.url}/x") for _ in range(12)))
        return [answer.status for answer in answers]

    with serving(tokens) as server:
        assert asyncio.run(work(server)) == [200] * 12
    assert tokens.issued == 1


def test_a_template_that_does_not_parse_is_refused_when_it_is_given() -> None:
    with pytest.raises(TemplateError, match="field template"):
        RequestAuthentication(SignInRequest("https://a.example/token"), template="Bearer &{")
    with pytest.raises(TemplateError, match=r"field parameters\.user"):
        RequestAuthentication(SignInRequest("https://a.example/token", parameters={"user": "&{"}))
