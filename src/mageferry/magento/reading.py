"""Driving a page reader: one request after the other, or side by side by threads or tasks.

Pages are handed out as they come; a page that nobody has taken yet holds its worker up, so memory stays
bounded.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from mageferry.http import Flow
from mageferry.magento.page import Answer, Page
from mageferry.magento.pages import PageReader

type Run = Callable[[Flow[Answer]], Answer]
type ARun = Callable[[Flow[Answer]], Awaitable[Answer]]


def read_pages[T](reader: PageReader[T], run: Run) -> Iterator[Page[Any]]:
    """All pages of a list. The first is read alone: a short list needs no threads."""
    first = reader.next_ticket()
    while first is not None:
        page = reader.settle(first, run(reader.fetch(first)))
        if page is not None:
            yield page
        if reader.workers > 1 and not reader.done:
            yield from _Crew(reader, run).pages()
            return
        first = reader.next_ticket()


class _Crew[T]:
    """Threads that share a reader; one condition guards it and the pages that wait to be taken."""

    def __init__(self, reader: PageReader[T], run: Run) -> None:
        self._reader = reader
        self._run = run
        self._workers = reader.workers
        self._changed = threading.Condition()
        self._pages: deque[Page[Any]] = deque()
        self._active = reader.workers
        self._stopped = False
        self._error: BaseException | None = None

    def pages(self) -> Iterator[Page[Any]]:
        threads = [
            threading.Thread(target=self._work, name=f"mageferry-read-{number}", daemon=True)
            for number in range(self._workers)
        ]
        for thread in threads:
            thread.start()
        try:
            while (page := self._take()) is not None:
                yield page
        finally:
            # Also when the caller takes no more pages.
            with self._changed:
                self._stopped = True
                self._changed.notify_all()
            for thread in threads:
                thread.join()
        if self._error is not None:
            raise self._error

    def _take(self) -> Page[Any] | None:
        with self._changed:
            while not self._pages and self._active and self._error is None:
                self._changed.wait()
            if not self._pages:
                return None
            self._changed.notify_all()
            return self._pages.popleft()

    def _work(self) -> None:
        try:
            while (ticket := self._next()) is not None:
                self._hand_over(ticket, self._run(self._reader.fetch(ticket)))
        except BaseException as error:
            with self._changed:
                self._error = self._error or error
                self._stopped = True
        finally:
            with self._changed:
                self._active -= 1
                self._changed.notify_all()

    def _next(self) -> T | None:
        with self._changed:
            while not self._stopped and not self._reader.done:
                ticket = self._reader.next_ticket()
                if ticket is not None:
                    return ticket
                self._changed.wait()
            return None

    def _hand_over(self, ticket: T, answer: Answer) -> None:
        with self._changed:
            page = self._reader.settle(ticket, answer)
            self._changed.notify_all()
            while len(self._pages) >= self._workers and not self._stopped:
                self._changed.wait()
            if page is not None:
                self._pages.append(page)
                self._changed.notify_all()


async def aread_pages[T](reader: PageReader[T], run: ARun) -> AsyncIterator[Page[Any]]:
    """All pages of a list, within an event loop."""
    first = reader.next_ticket()
    while first is not None:
        page = reader.settle(first, await run(reader.fetch(first)))
        if page is not None:
            yield page
        if reader.workers > 1 and not reader.done:
            async for later in _AsyncCrew(reader, run).pages():
                yield later
            return
        first = reader.next_ticket()


class _AsyncCrew[T]:
    """Tasks that share a reader. On one loop nothing changes between two awaits: the condition only wakes."""

    def __init__(self, reader: PageReader[T], run: ARun) -> None:
        self._reader = reader
        self._run = run
        self._workers = reader.workers
        self._changed = asyncio.Condition()
        self._pages: deque[Page[Any]] = deque()
        self._active = reader.workers
        self._error: Exception | None = None

    async def pages(self) -> AsyncIterator[Page[Any]]:
        tasks = [asyncio.create_task(self._work()) for _ in range(self._workers)]
        try:
            while (page := await self._take()) is not None:
                yield page
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._error is not None:
            raise self._error

    async def _take(self) -> Page[Any] | None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._pages or not self._active or self._error)
            if not self._pages:
                return None
            self._changed.notify_all()
            return self._pages.popleft()

    async def _work(self) -> None:
        try:
            while self._error is None and (ticket := await self._next()) is not None:
                await self._hand_over(ticket, await self._run(self._reader.fetch(ticket)))
        except Exception as error:
            self._error = self._error or error
        finally:
            self._active -= 1
            async with self._changed:
                self._changed.notify_all()

    async def _next(self) -> T | None:
        async with self._changed:
            while self._error is None and not self._reader.done:
                ticket = self._reader.next_ticket()
                if ticket is not None:
                    return ticket
                await self._changed.wait()
            return None

    async def _hand_over(self, ticket: T, answer: Answer) -> None:
        async with self._changed:
            page = self._reader.settle(ticket, answer)
            self._changed.notify_all()
            await self._changed.wait_for(lambda: len(self._pages) < self._workers)
            if page is not None:
                self._pages.append(page)
                self._changed.notify_all()
