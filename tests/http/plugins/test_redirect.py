"""Redirects: secrets stay with the host they were meant for."""

from collections.abc import Callable
from typing import Any

import pytest

from mageferry.http import HttpClient, HttpConfig, Middleware, Response, Secret, UnexpectedStatus
from mageferry.http.authentication.basic import Basic
from mageferry.http.authentication.query_param import QueryParam
from mageferry.http.plugins.cookies import Cookies
from mageferry.http.plugins.headers import HeaderSet
from mageferry.http.plugins.redirect import Redirect, same_origin
from tests.http.local_server import Say, Seen, serving

AUTH = Basic("u", Secret("p"))


def to(location: str, status: int = 302) -> Callable[[Seen], Say]:
    return lambda request: (
        Say(status, b"", {"Location": location}) if request.path == "/start" else Say(200, request.method)
    )


def start(url: str, method: str = "GET", authentication: Middleware = AUTH, **options: Any) -> Response:
    plugins = (Redirect(3), HeaderSet({"X-Api-Key": "k", "X-Trace": "t"}), Cookies())
    with HttpClient(HttpConfig(plugins=plugins, authentication=authentication)) as client:
        return client.request(method, f"{url}/start", **options)


def test_without_the_plugin_a_redirect_is_the_answer() -> None:
    with serving(to("/end")) as server, HttpClient() as client:
        assert client.request("GET", f"{server.url}/start").status == 302


def test_within_a_host_everything_goes_along() -> None:
    with serving(to("end?a=1")) as server:
        assert start(server.url).json() == "GET"
        last = server.seen[-1]
    assert last.target == "/end?a=1"
    assert last.headers["authorization"] == "Basic dTpw"
    assert last.headers["x-api-key"] == "k"


@pytest.mark.parametrize("authentication", [AUTH, QueryParam("api_key", Secret("CANARY"))])
def test_to_another_host_no_secret_goes_along(authentication: Middleware) -> None:
    with (
        serving(lambda request: Say(200, request.target)) as other,
        serving(to(f"{other.url}/end")) as server,
    ):
        assert (
            start(server.url, authentication=authentication, headers={"Cookie": "a=CANARY"}).json() == "/end"
        )
        [last] = other.seen
    names = {name.lower() for name in last.headers}
    assert not names & {"authorization", "cookie", "x-api-key"}
    assert last.headers["x-trace"] == "t"


@pytest.mark.parametrize(
    ("status", "method", "after"),
    [
        *((301, "POST", "GET"), (302, "PUT", "PUT"), (303, "PUT", "GET"), (303, "HEAD", "HEAD")),
        *((307, "POST", "POST"), (308, "PUT", "PUT")),
    ],
)
def test_methods_change_as_rfc_9110_says(status: int, method: str, after: str) -> None:
    content = b'{"a":1}' if method in ("POST", "PUT") else b""
    with serving(to("/end", status)) as server:
        start(
            server.url,
            method,
            content=content,
            headers={"Content-Type": "application/json"} if content else {},
        )
        last = server.seen[-1]
    assert (last.method, last.body) == (after, content if after == method else b"")
    assert (last.headers["content-type"] is None) == (after != method or not content)


def test_a_body_is_not_taken_to_another_host() -> None:
    with serving(to("/")) as other, serving(to(f"{other.url}/end", 307)) as server:
        assert start(server.url, "POST", json={"password": "CANARY"}).status == 307
        assert other.seen == []


def test_a_circle_ends_with_a_reason() -> None:
    with serving(lambda _: Say(302, b"", {"Location": "/start"})) as server:
        with pytest.raises(UnexpectedStatus, match="more than 3 times"):
            start(server.url)
        assert len(server.seen) == 4


@pytest.mark.parametrize("location", ["file:///etc/passwd", "javascript:x", "ftp://a.example/"])
def test_only_the_web_is_followed(location: str) -> None:
    with serving(to(location)) as server:
        assert start(server.url).status == 302


def test_origins_are_told_apart_by_scheme_host_and_port() -> None:
    assert same_origin("https://A.example/x", "https://a.example:443/y")
    assert not same_origin("https://a.example/", "https://a.example:8443/")
    assert not same_origin("https://a.example/", "http://a.example/")
