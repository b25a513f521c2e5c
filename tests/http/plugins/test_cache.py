"""The cache: what is answered without asking, and what is asked for again."""

from email.utils import formatdate
from typing import Any

import pytest

from mageferry.http import HttpClient, HttpConfig
from mageferry.http.plugins.cache import Cache, MemoryCache
from tests.http.local_server import LocalServer, Say, Seen, serving

NOW = 1_795_308_000.0


class Versions:
    """Answers how often it was asked, with these headers; 304 to whoever knows the tag."""

    def __init__(self, **headers: str) -> None:
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.asked = 0

    def __call__(self, request: Seen) -> Say:
        self.asked += 1
        tag = self.headers.get("ETag")
        if tag and request.headers["if-none-match"] == tag:
            return Say(304, b"", self.headers)
        return Say(200, {"version": self.asked}, self.headers)


class Times:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def versions(server: LocalServer, times: Times, ages: list[float], **options: Any) -> list[int]:
    """The version that is seen after each of these seconds."""
    found = []
    with HttpClient(HttpConfig(plugins=(Cache(clock=times, **options),))) as client:
        for age in ages:
            times.now = NOW + age
            found.append(client.request("GET", f"{server.url}/x").json()["version"])
    return found


@pytest.mark.parametrize(
    ("headers", "seen"),
    [
        ({}, [1, 1, 2]),
        ({"Cache_Control": "max-age=5"}, [1, 2, 3]),
        ({"Cache_Control": "private, max-age=1000"}, [1, 1, 1]),
        ({"Cache_Control": 'max-age="1000"', "Age": "950"}, [1, 1, 2]),
        ({"Cache_Control": "no-store"}, [1, 2, 3]),
        ({"Cache_Control": "no-cache"}, [1, 2, 3]),
        ({"Cache_Control": "max-age=1000", "Vary": "*"}, [1, 2, 3]),
        ({"Date": formatdate(NOW), "Expires": formatdate(NOW + 30)}, [1, 1, 2]),
        ({"Expires": "0"}, [1, 2, 3]),
    ],
)
def test_an_answer_is_kept_as_long_as_the_server_allows(headers: dict[str, str], seen: list[int]) -> None:
    with serving(Versions(**headers)) as server:
        assert versions(server, Times(), [0, 20, 90]) == seen


def test_what_the_server_says_can_be_overruled() -> None:
    with serving(Versions(Cache_Control="no-store")) as server:
        assert versions(server, Times(), [0, 20, 90], respects_headers=False) == [1, 1, 2]


def test_a_stale_answer_is_asked_for_by_its_tag_and_may_stay() -> None:
    counter = Versions(ETag='"v1"', Cache_Control="max-age=10")
    with serving(counter) as server:
        assert versions(server, Times(), [0, 20, 25, 40]) == [1, 1, 1, 1]
        assert [request.headers["if-none-match"] for request in server.seen] == [None, '"v1"', '"v1"']


def test_answers_that_depend_on_a_header_are_kept_for_that_header() -> None:
    counter = Versions(Vary="Accept-Language")
    with serving(counter) as server, HttpClient(HttpConfig(plugins=(Cache(),))) as client:

        def ask(language: str) -> int:
            answer = client.request("GET", f"{server.url}/x", headers={"Accept-Language": language})
            return int(answer.json()["version"])

        assert [ask("de"), ask("de"), ask("en")] == [1, 1, 2]


def test_a_change_drops_what_is_kept_of_the_address() -> None:
    with serving(Versions()) as server, HttpClient(HttpConfig(plugins=(Cache(),))) as client:
        client.request("GET", f"{server.url}/x")
        client.request("GET", f"{server.url}/y")
        client.request("PUT", f"{server.url}/x", json={})
        assert client.request("GET", f"{server.url}/x").json()["version"] == 4
        assert client.request("GET", f"{server.url}/y").json()["version"] == 2


@pytest.mark.parametrize(
    "headers", [{"Range": "bytes=0-1"}, {"Cache-Control": "no-store"}, {"Authorization": "x"}]
)
def test_some_requests_are_never_answered_from_what_is_kept(headers: dict[str, str]) -> None:
    with serving(Versions()) as server, HttpClient(HttpConfig(plugins=(Cache(),))) as client:
        found = [client.request("GET", server.url, headers=headers).json()["version"] for _ in range(2)]
    assert found == [1, 2]


def test_a_caller_can_insist_on_asking() -> None:
    with serving(Versions()) as server, HttpClient(HttpConfig(plugins=(Cache(),))) as client:
        headers = [{}, {"Cache-Control": "no-cache"}, {}]
        assert [client.request("GET", server.url, headers=each).json()["version"] for each in headers] == [
            1,
            2,
            2,
        ]


def test_errors_and_writes_are_not_kept() -> None:
    with serving(lambda _: Say(500)) as server, HttpClient(HttpConfig(plugins=(Cache(),))) as client:
        for method in ("GET", "GET", "POST", "POST"):
            client.request(method, server.url)
        assert len(server.seen) == 4


def test_the_oldest_goes_when_there_is_no_room() -> None:
    store = MemoryCache(max_bytes=30)
    with serving(lambda request: Say(200, b"x" * 12)) as server:
        with HttpClient(HttpConfig(plugins=(Cache(store=store),))) as client:
            for path in ("/a", "/b", "/a", "/c", "/a", "/b"):
                client.request("GET", server.url + path)
        assert [request.path for request in server.seen] == ["/a", "/b", "/c", "/b"]
