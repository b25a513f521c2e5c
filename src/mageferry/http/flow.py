"""Middlewares as generators, and the two small drivers that do their I/O.

A flow yields what it wants done and receives the result at the yield:

    Request       send it; the result is its Response, a failure is raised at the yield
    Sleep         wait
    Exclusively   run another flow while holding a lock; the result is that flow's

So retry, authentication and log are written once, serve the synchronous and the asynchronous client alike and
are tested without a network. A middleware that only changes the request gives `next(request)` back as it is: no
generator of its own, which every request and answer would have to pass.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, Protocol, cast

from mageferry.http.message import Request, Response


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait this long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Exclusively:
    """Run `flow()` while `lock()` is held, which may block; lock and release happen on one thread."""

    lock: Callable[[], AbstractContextManager[object]]
    flow: Callable[[], Flow[Any]]


type Command = Request | Sleep | Exclusively
type Flow[T] = Generator[Command, Any, T]
type Next = Callable[[Request], Flow[Response]]
type Middleware = Callable[[Request, Next], Flow[Response]]


class Stage(IntEnum):
    """Where a plugin stands between the caller (first) and the wire (last).

    A new attempt passes everything after RETRY again, so it is signed afresh and logged on its own; so does a
    redirect.
    """

    EXPECT = 5
    PREPARE = 10
    CACHE = 15
    RETRY = 20
    REDIRECT = 25
    COOKIES = 27
    AUTHENTICATE = 30
    PACE = 40
    LOG = 50


class Plugin(Protocol):
    """A middleware that knows its place."""

    stage: ClassVar[Stage]

    def __call__(self, request: Request, next: Next) -> Flow[Response]: ...


def transmit(request: Request) -> Flow[Response]:
    """The end of every chain: hand the request to the driver."""
    response: Response = yield request
    return response


def compose(middlewares: Sequence[Middleware], last: Next = transmit) -> Next:
    """One handler out of a chain, the first middleware outermost."""
    handler = last
    for middleware in reversed(middlewares):
        handler = _link(middleware, handler)
    return handler


def _link(middleware: Middleware, handler: Next) -> Next:
    return lambda request: middleware(request, handler)


def exclusively[T](
    lock: Callable[[], AbstractContextManager[object]], flow: Callable[[], Flow[T]]
) -> Flow[T]:
    """Run a flow while holding a lock, typed: `token = yield from exclusively(vault.exclusive, sign_in)`."""
    return cast(T, (yield Exclusively(lock, flow)))


def run[T](
    flow: Flow[T], send: Callable[[Request], Response], sleep: Callable[[float], object] = time.sleep
) -> T:
    """Drive a flow to its end, blocking. Failures of the I/O are raised inside the flow."""
    try:
        command = next(flow)
        while True:
            try:
                result = _perform(command, send, sleep)
            except Exception as error:
                command = flow.throw(error)
            else:
                command = flow.send(result)
    except StopIteration as stop:
        return cast(T, stop.value)
    finally:
        flow.close()


def _perform(
    command: Command, send: Callable[[Request], Response], sleep: Callable[[float], object]
) -> object:
    match command:
        case Request():
            return send(command)
        case Sleep(seconds):
            return sleep(seconds)
        case Exclusively(lock, flow):
            with lock():
                return run(flow(), send, sleep)


async def arun[T](
    flow: Flow[T],
    send: Callable[[Request], Awaitable[Response]],
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> T:
    """Drive a flow to its end within an event loop. Failures of the I/O are raised inside the flow."""
    try:
        command = next(flow)
        while True:
            try:
                result = await _aperform(command, send, sleep)
            except Exception as error:
                command = flow.throw(error)
            else:
                command = flow.send(result)
    except StopIteration as stop:
        return cast(T, stop.value)
    finally:
        flow.close()


async def _aperform(
    command: Command,
    send: Callable[[Request], Awaitable[Response]],
    sleep: Callable[[float], Awaitable[object]],
) -> object:
    match command:
        case Request():
            return await send(command)
        case Sleep(seconds):
            return await sleep(seconds)
        case Exclusively(lock, flow):
            return await _aexclusively(lock(), flow(), send, sleep)


async def _aexclusively(
    lock: AbstractContextManager[object],
    flow: Flow[Any],
    send: Callable[[Request], Awaitable[Response]],
    sleep: Callable[[float], Awaitable[object]],
) -> object:
    """Hold a blocking lock without blocking the loop.

    The thread is the lock's own: in the loop's shared pool, tasks waiting for the lock could take up every
    thread that the task holding it needs to resolve the host's name, and all would wait for ever.
    """
    keeper = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mageferry-lock")
    entering = keeper.submit(lock.__enter__)
    try:
        await asyncio.shield(asyncio.wrap_future(entering))
    except BaseException:
        # Cancelled while waiting: the thread may still get the lock later and must give it back then. It
        # runs one job at a time, so the release comes after.
        keeper.submit(_release, entering, lock)
        keeper.shutdown(wait=False)
        raise
    try:
        return await arun(flow, send, sleep)
    finally:
        keeper.submit(_release, entering, lock)
        keeper.shutdown(wait=False)


def _release(entering: Future[object], lock: AbstractContextManager[object]) -> None:
    if entering.exception() is None:
        lock.__exit__(None, None, None)
