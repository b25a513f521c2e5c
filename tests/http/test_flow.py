import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mageferry.http import (
    ConnectionLost,
    Flow,
    Next,
    Request,
    Response,
    Sleep,
    arun,
    compose,
    exclusively,
    run,
    transmit,
)

REQUEST = Request("GET", "https://shop.example/")


def drive(flow: Flow[Any], *answers: Response | Exception) -> tuple[Any, list[Any]]:
    """Run a flow against these answers: its result, and what it asked for."""
    left, done = list(answers), []

    def send(request: Request) -> Response:
        done.append(request)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return run(flow, send, done.append), done


def header(name: str, value: str) -> Any:
    def middleware(request: Request, next: Next) -> Flow[Response]:
        return (yield from next(request.with_header(name, value)))

    return middleware


def test_the_first_middleware_is_outermost() -> None:
    handle = compose([header("X", "outer"), header("X", "inner")])
    _, done = drive(handle(REQUEST), Response(200))
    assert done[0].header("x") == "inner"


def test_a_failure_is_raised_where_the_request_was_yielded() -> None:
    def again(request: Request) -> Flow[Response]:
        try:
            return (yield from transmit(request))
        except ConnectionLost:
            yield Sleep(2.0)
            return (yield from transmit(request))

    answer, done = drive(again(REQUEST), ConnectionLost("reset"), Response(204))
    assert (answer.status, done) == (204, [REQUEST, 2.0, REQUEST])


def test_a_flow_is_closed_when_its_driver_is_interrupted() -> None:
    closed: list[str] = []

    def flow() -> Flow[Response]:
        try:
            return (yield REQUEST)
        finally:
            closed.append("closed")

    def interrupt(_: Request) -> Response:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(flow(), interrupt)
    assert closed == ["closed"]


@contextmanager
def noted(lock: threading.Lock, notes: list[str]) -> Iterator[None]:
    with lock:
        notes.append("locked")
        yield
        notes.append("released")


def test_a_lock_is_held_while_the_inner_flow_runs() -> None:
    lock, notes = threading.Lock(), list[str]()

    def inner() -> Flow[str]:
        response = yield REQUEST
        notes.append(f"inner {response.status}")
        return "token"

    def flow() -> Flow[str]:
        return (yield from exclusively(lambda: noted(lock, notes), inner))

    assert drive(flow(), Response(200))[0] == "token"
    assert notes == ["locked", "inner 200", "released"]


def test_an_async_flow_takes_and_gives_back_the_lock_on_one_thread() -> None:
    threads: list[int] = []

    @contextmanager
    def lock() -> Iterator[None]:
        threads.append(threading.get_ident())
        yield
        threads.append(threading.get_ident())

    def inner() -> Flow[int]:
        threads.append(threading.get_ident())
        yield Sleep(0)
        return 7

    async def use() -> int:
        async def send(request: Request) -> Response:
            return Response(200)

        result = await arun(exclusively(lock, inner), send)
        while len(threads) < 3:  # given back by its thread right after
            await asyncio.sleep(0)
        return result

    assert asyncio.run(use()) == 7
    assert threads[0] == threads[2] != threads[1] == threading.get_ident()


def test_an_error_of_the_inner_flow_is_raised_in_the_outer_one() -> None:
    lock = threading.Lock()

    def inner() -> Flow[None]:
        yield REQUEST

    def flow() -> Flow[str]:
        try:
            yield from exclusively(lambda: lock, inner)
        except ConnectionLost:
            return "caught"
        return "missed"

    assert drive(flow(), ConnectionLost("reset"))[0] == "caught"
    assert not lock.locked()


def test_a_request_changes_by_copies_and_hides_its_secrets() -> None:
    request = Request("POST", "https://u:p@shop.example/a?token=abc&x=1", {"authorization": "Bearer abc"})
    changed = request.with_header("Authorization", "Bearer def")
    assert (request.header("AUTHORIZATION"), changed.header("authorization")) == ("Bearer abc", "Bearer def")
    assert repr(changed) == "<Request POST https://shop.example/a?token=********&x=1>"
    assert changed.line == "POST /a"
    assert not changed.may_repeat
