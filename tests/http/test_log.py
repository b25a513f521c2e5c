import logging
from dataclasses import replace
from typing import Any

import pytest

from mageferry.http import ConnectionLost, HttpClient, HttpConfig, Request, Response, Secret, run
from mageferry.http.authentication.basic import Basic
from mageferry.http.authentication.bearer import Bearer
from mageferry.http.authentication.digest import Digest
from mageferry.http.authentication.oauth1 import OAuth1, OAuth1Method
from mageferry.http.authentication.query_param import QueryParam
from mageferry.http.authentication.request import RequestAuthentication, SignInRequest, Source
from mageferry.http.encoding import Encoder
from mageferry.http.plugins.headers import HeaderAppend, HeaderDefaults, HeaderSet
from mageferry.http.plugins.log import Exchange, Log, LogFormat
from mageferry.http.plugins.query import QueryDefaults
from tests.http.local_server import Say, Seen, serving


def test_every_attempt_is_told_with_what_came_back() -> None:
    told: list[Exchange] = []
    with (
        serving(lambda _: Say(200, {"sku": "A"})) as server,
        HttpClient(HttpConfig(plugins=(Log(told.append),))) as client,
    ):
        client.request("GET", f"{server.url}/x?api_key=CANARY1", headers={"Authorization": "Bearer CANARY2"})
    [exchange] = told
    assert (exchange.method, exchange.status) == ("GET", 200)
    for style in LogFormat:
        assert "CANARY" not in exchange.render(style)
    assert '"sku":"A"' in exchange.render(LogFormat.FULL)


def test_a_failure_is_told_and_raised() -> None:
    told: list[Exchange] = []

    def send(_: Request) -> Response:
        raise ConnectionLost("reset")

    flow = HttpConfig(plugins=(Log(told.append),)).chain()(Request("GET", "https://a.example/"))
    with pytest.raises(ConnectionLost):
        run(flow, send)
    assert told[0].error is not None


def test_a_log_that_fails_does_not_fail_the_call(caplog: pytest.LogCaptureFixture) -> None:
    def sink(_: Exchange) -> None:
        raise OSError("disk full, password=CANARY")

    flow = HttpConfig(plugins=(Log(sink),)).chain()(Request("GET", "https://a.example/"))
    with caplog.at_level(logging.ERROR):
        assert run(flow, lambda _: Response(204)).status == 204
    assert "OSError: disk full" in caplog.text
    assert "CANARY" not in caplog.text


class Told:
    """Everything that a client's log was told, in every format."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def __str__(self) -> str:
        shown = [exchange.render(style) for exchange in self.exchanges for style in LogFormat]
        return "\n".join([*shown, repr(self.exchanges)])


CANARY = Secret("CANARY+/ 1")


@pytest.mark.parametrize(
    ("plugins", "authentication"),
    [
        ((HeaderSet({"X-Plain": CANARY}),), None),
        ((HeaderDefaults({"X-Plain": CANARY}), HeaderAppend({"X-Plain": CANARY})), None),
        ((QueryDefaults({"plain": CANARY}),), None),
        ((), QueryParam("plain", CANARY)),
        ((), Basic("u", CANARY)),
        ((), Bearer(Secret("CANARY"))),
        ((), Digest("u", CANARY)),
        ((), OAuth1("k", CANARY, Secret("CANARY"), CANARY, OAuth1Method.PLAINTEXT)),
    ],
)
def test_a_secret_is_masked_whatever_the_name_it_stands_under(plugins: Any, authentication: Any) -> None:
    told = Told()

    def echo(request: Seen) -> Say:
        shown = {"target": request.target, "plain": request.headers["x-plain"]}
        return Say(200, shown, {"X-Echo": request.headers["x-plain"] or ""})

    config = HttpConfig(plugins=(*plugins, Log(told.exchanges.append)), authentication=authentication)
    with serving(echo) as server, HttpClient(config) as client:
        client.request("GET", f"{server.url}/x")
    assert told.exchanges
    assert "CANARY" not in str(told)


@pytest.mark.parametrize("source", Source)
def test_nothing_of_a_sign_in_is_told_but_its_outcome(source: Source) -> None:
    told = Told()
    sign_in = SignInRequest(
        "", parameters={"plain": CANARY}, headers={"X-Plain": "CANARY"}, encoder=Encoder.FORM
    )
    answer = Say(200, {"plain": "CANARY"}, {"X-Plain": "CANARY"})
    template = {"body": "&{plain}", "header": '&{"x-plain"}', "status": "CANARY-&{@[0]}"}[source]
    with serving(lambda _: answer) as server:
        auth = RequestAuthentication(
            replace(sign_in, uri=f"{server.url}/login"), header="X-Plain", source=source, template=template
        )
        with HttpClient(HttpConfig(plugins=(Log(told.exchanges.append),), authentication=auth)) as client:
            client.request("GET", f"{server.url}/x", headers={"Accept": "text/plain"})
        assert server.seen[1].headers["x-plain"].startswith("CANARY")
    sign_in_told, call_told = told.exchanges
    assert sign_in_told.status == 200
    assert "CANARY" not in "".join(
        sign_in_told.render(style) for style in LogFormat if style is not LogFormat.CURL
    )
    assert "CANARY" not in "".join(f"{name}{value}" for name, value in call_told.request_headers)


def test_of_binary_bodies_only_the_size_is_told() -> None:
    told: list[Exchange] = []
    own: list[Exchange] = []
    picture = b"\x89PNG\0\0\0\rIHDR" + bytes(range(256))
    with (
        serving(lambda _: Say(200, picture, {"Content-Type": "image/png"})) as server,
        HttpClient(HttpConfig(plugins=(Log(told.append),))) as client,
    ):
        client.request("POST", f"{server.url}/x", content=picture, plugins=[Log(own.append)])
    for exchange in (*told, *own):
        text = exchange.render(LogFormat.FULL)
        assert text.count("(268 bytes of binary data)") == 2
        assert "\0" not in text
    # A log of a single request stands beside the client's.
    assert (len(told), len(own)) == (1, 1)
