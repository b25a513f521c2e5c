import logging

import pytest

from mageferry.http import ConnectionLost, HttpClient, HttpConfig, Request, Response, run
from mageferry.http.plugins.log import Exchange, Log, LogFormat
from tests.http.local_server import Say, serving


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
