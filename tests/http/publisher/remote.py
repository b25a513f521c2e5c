"""Publishers against answers that a test decides, without a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from mageferry.http import Headers, HttpConfig, Request, Response, run
from mageferry.http.flow import Flow

type Answer = Response | Exception


def said(body: Any = None, status: int = 200, **headers: str) -> Response:
    """An answer with a JSON body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, Headers(named), b"" if body is None else orjson.dumps(body))


class Remote:
    """Gives answers in their order, or by a function, and keeps the requests."""

    def __init__(self, *answers: Answer, by: Callable[[Request], Answer] | None = None) -> None:
        self._answers = list(answers)
        self._by = by
        self.seen: list[Request] = []

    handle = staticmethod(HttpConfig().chain())

    def run[T](self, flow: Flow[T]) -> T:
        return run(flow, self._send)

    def _send(self, request: Request) -> Response:
        self.seen.append(request)
        answer = self._by(request) if self._by else self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def bodies(self) -> list[Any]:
        return [orjson.loads(request.content) if request.content else None for request in self.seen]

    @property
    def lines(self) -> list[str]:
        return [f"{request.method} {request.url}" for request in self.seen]
