"""Rate limits, with a clock of their own: how long everyone is told to wait."""

import asyncio
import threading
from typing import Any

import pytest

from mageferry.http import (
    AsyncHttpClient,
    ConnectionLost,
    Headers,
    HttpClient,
    HttpConfig,
    Request,
    Response,
    run,
)
from mageferry.http.plugins.rate_limit import HeaderRule, MemoryLimits, RateLimit
from tests.http.local_server import Say, Seen, serving

REQUEST = Request("GET", "https://a.example/")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(round(seconds, 6))
        self.now += seconds


def send(limit: RateLimit, clock: Clock, response: Response | Exception | None = None) -> Any:
    def answer(_: Request) -> Response:
        if isinstance(response, Exception):
            raise response
        return response or Response(200)

    return run(HttpConfig(plugins=(limit,)).chain()(REQUEST), answer, clock.sleep)


def test_so_many_requests_in_an_interval_and_the_next_waits_for_its_turn() -> None:
    clock = Clock()
    limit = RateLimit(3, 10.0, store=MemoryLimits(clock))
    for _ in range(7):
        send(limit, clock)
        clock.now += 1
    assert clock.waits == [7.0, 7.0]


def test_those_who_wait_at_the_same_time_get_turns_one_after_the_other() -> None:
    store = MemoryLimits(Clock())
    assert [store.book("k", 2, 10.0) for _ in range(6)] == [0, 0, 10.0, 10.0, 20.0, 20.0]


def test_limits_with_the_same_key_and_store_are_one() -> None:
    clock = Clock()
    store = MemoryLimits(clock)
    send(RateLimit(1, 5.0, key="shop", store=store), clock)
    send(RateLimit(1, 5.0, key="other", store=store), clock)
    assert clock.waits == []
    send(RateLimit(1, 5.0, key="shop", store=store), clock)
    assert clock.waits == [5.0]


@pytest.mark.parametrize(("left", "waits"), [("5", []), ("2", [30.0]), ("0", [30.0]), ("", []), ("many", [])])
def test_a_header_of_the_server_holds_everyone_back(left: str, waits: list[float]) -> None:
    clock = Clock()
    limit = RateLimit(header=HeaderRule("X-RateLimit-Remaining", 2, 30.0), store=MemoryLimits(clock))
    send(limit, clock, Response(200, Headers({"x-ratelimit-remaining": left})))
    send(limit, clock)
    send(limit, clock)
    assert clock.waits == waits


def test_a_slot_is_given_back_when_a_request_fails() -> None:
    clock = Clock()
    limit = RateLimit(concurrency=1, store=MemoryLimits(clock))
    with pytest.raises(ConnectionLost):
        send(limit, clock, ConnectionLost("reset"))
    assert send(limit, clock).status == 200
    assert clock.waits == []


def test_a_slot_of_a_dead_process_comes_back_after_its_lease() -> None:
    clock = Clock()
    store = MemoryLimits(clock)
    assert store.enter("k", 1, 60.0)
    assert not store.enter("k", 1, 60.0)
    clock.now += 61
    assert store.enter("k", 1, 60.0)


class Crowd:
    """How many are inside at once; each stays until there are two."""

    def __init__(self) -> None:
        self.inside = self.most = 0
        self.lock = threading.Lock()
        self.two = threading.Barrier(2, timeout=10)

    def __call__(self, _: Seen) -> Say:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.two.wait()
        with self.lock:
            self.inside -= 1
        return Say(204)


def test_no_more_than_so_many_at_once_over_threads() -> None:
    crowd = Crowd()
    with serving(crowd) as server, HttpClient(HttpConfig(plugins=(RateLimit(concurrency=2),))) as client:
        threads = [threading.Thread(target=client.request, args=("GET", server.url)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (crowd.most, len(server.seen)) == (2, 8)


def test_no_more_than_so_many_at_once_over_tasks() -> None:
    crowd = Crowd()

    async def work(url: str) -> None:
        async with AsyncHttpClient(HttpConfig(plugins=(RateLimit(concurrency=2),))) as client:
            await asyncio.gather(*(client.request("GET", url) for _ in range(8)))

    with serving(crowd) as server:
        asyncio.run(work(server.url))
    assert (crowd.most, len(server.seen)) == (2, 8)


@pytest.mark.parametrize("options", [{"requests": -1}, {"interval_seconds": 0.0}, {"concurrency": -1}])
def test_a_limit_that_is_none_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="rate limit"):
        RateLimit(**options)
