"""Plugins that change a request on its way, over a real server."""

from typing import Any

import pytest

from mageferry.http import HttpClient, HttpConfig, Plugin, Request, Secret, UnexpectedStatus
from mageferry.http.plugins.base_uri import BaseUri
from mageferry.http.plugins.cookies import Cookies
from mageferry.http.plugins.expect import ExpectStatus, StatusRanges
from mageferry.http.plugins.headers import (
    ContentLength,
    Decode,
    HeaderAppend,
    HeaderDefaults,
    HeaderRemove,
    HeaderSet,
)
from mageferry.http.plugins.query import QueryDefaults
from mageferry.http.plugins.retry import Backoff, Cause, Retry, StandardRule
from tests.http.local_server import Say, Seen, serving


def seen(
    *plugins: Plugin, url: str = "/x", method: str = "GET", extra: tuple[Plugin, ...] = (), **options: Any
) -> Seen:
    with serving(lambda _: Say(204)) as server, HttpClient(HttpConfig(plugins=plugins)) as client:
        client.request(method, server.url + url, plugins=extra, **options)
        return server.seen[0]


def test_defaults_give_way_set_does_not_append_joins_and_remove_takes_away() -> None:
    own = {"X-A": "own", "X-B": "own", "X-C": "own", "X-D": "own"}
    plugins = (
        HeaderDefaults({"x-a": "default", "X-New": Secret("s")}),
        HeaderSet({"x-b": "set"}),
        HeaderAppend({"x-c": "more", "X-E": "first"}),
        HeaderRemove(("x-d",)),
    )
    headers = seen(*plugins, headers=own).headers
    assert [headers[f"x-{letter}"] for letter in "abcde"] == ["own", "set", "own, more", None, "first"]
    assert headers["x-new"] == "s"
    assert "Secret('********')" in repr(plugins)


def test_plugins_run_in_their_order() -> None:
    headers = seen(
        HeaderSet({"X": "1"}), HeaderAppend({"X": "2"}), HeaderRemove(("Y",)), HeaderDefaults({"Y": "3"})
    ).headers
    assert (headers["x"], headers["y"]) == ("1, 2", "3")


def test_query_defaults_give_way_to_what_the_address_has() -> None:
    plugin = QueryDefaults({"a": "default", "b c": "1&2", "key": Secret("s")})
    assert seen(plugin, url="/x?a=own").target == "/x?a=own&b%20c=1%262&key=s"
    assert seen(plugin, url="/x").target == "/x?a=default&b%20c=1%262&key=s"


def test_the_length_of_an_empty_body_is_named() -> None:
    assert seen(ContentLength(), method="POST").headers["content-length"] == "0"
    assert seen(ContentLength(), method="PUT", content=b"abc").headers["content-length"] == "3"
    assert seen(ContentLength()).headers["content-length"] is None


def test_accepted_encodings_can_be_chosen() -> None:
    assert seen().headers["accept-encoding"] == "gzip, deflate"
    assert seen(Decode(("gzip",))).headers["accept-encoding"] == "gzip"
    assert seen(Decode(())).headers["accept-encoding"] == "identity"


def test_a_plugin_on_a_request_takes_the_place_of_its_kind_or_stands_beside_it() -> None:
    request = seen(
        HeaderSet({"X": "client"}), Decode(("gzip",)), extra=(Decode(()), HeaderAppend({"X": "request"}))
    )
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["x"] == "client, request"
    with (
        serving(lambda _: Say(204)) as server,
        HttpClient(HttpConfig(plugins=(BaseUri("http://a.invalid"),))) as client,
    ):
        assert client.request("GET", "/y", plugins=(BaseUri(server.url),)).status == 204
        request = Request("GET", "/z")
        assert client.send(request, (BaseUri(server.url),)).status == 204


def test_cookies_are_kept_for_their_host_and_path() -> None:
    def serve(request: Seen) -> Say:
        if request.path == "/login":
            return Say(200, b"", {"Set-Cookie": "sid=CANARY; Path=/api"})
        return Say(200, request.headers["cookie"] or "none")

    jar = Cookies()
    with serving(serve) as server, serving(serve) as other, HttpClient(HttpConfig(plugins=(jar,))) as client:
        client.request("GET", f"{server.url}/login")
        assert client.request("GET", f"{server.url}/api/x").json() == "sid=CANARY"
        assert (
            client.request("GET", f"{server.url}/api/x", headers={"Cookie": "a=b"}).json()
            == "a=b; sid=CANARY"
        )
        assert client.request("GET", f"{server.url}/elsewhere").json() == "none"
        assert client.request("GET", other.url.replace("127.0.0.1", "localhost") + "/api/x").json() == "none"
    assert "CANARY" not in repr(jar)


def test_statuses_that_are_not_expected_abort_with_the_reason() -> None:
    answer = Say(422, {"message": "qty is too large"})
    config = HttpConfig(plugins=(ExpectStatus(),))
    with serving(lambda _: answer) as server, HttpClient(config) as client:
        with pytest.raises(UnexpectedStatus, match=r"422: qty is too large") as caught:
            client.request("GET", f"{server.url}/x")
        legal = (ExpectStatus(StatusRanges.parse("200-299, 422")),)
        assert client.request("GET", f"{server.url}/x", plugins=legal).status == 422
    assert (caught.value.status, caught.value.request_line) == (422, "GET /x")
    assert "200-299" in caught.value.remedy
    assert caught.value.content == b'{"message":"qty is too large"}'


def test_statuses_are_judged_after_all_attempts() -> None:
    answers = [Say(503), Say(200)]
    retry = Retry(StandardRule(backoff=Backoff(jitter=lambda _: 0)))
    with (
        serving(lambda _: answers.pop(0)) as server,
        HttpClient(HttpConfig(plugins=(ExpectStatus(), retry))) as client,
    ):
        assert client.request("GET", server.url).status == 200


@pytest.mark.parametrize("text", ["abc", "200-", "99", "200-600", "300-200", "200-299-300"])
def test_ranges_that_are_none_are_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no range of statuses"):
        StatusRanges.parse(text)


def test_ranges_are_written_as_they_are_read() -> None:
    assert str(StatusRanges.parse(" 200 - 299,404 ,")) == "200-299, 404"


def test_a_server_that_recognises_repeats_may_be_sent_writes_again() -> None:
    def statuses(rule: StandardRule) -> int:
        answers = [Say(503), Say(201)]
        with (
            serving(lambda _: answers.pop(0)) as server,
            HttpClient(HttpConfig(plugins=(Retry(rule),))) as client,
        ):
            return client.request("POST", server.url, json={}).status

    backoff = Backoff(jitter=lambda _: 0)
    assert statuses(StandardRule(backoff=backoff)) == 503
    assert statuses(StandardRule(backoff=backoff, any_method=True)) == 201
    assert StandardRule(backoff=backoff, causes=frozenset({Cause.TIMED_OUT})).causes == {Cause.TIMED_OUT}
