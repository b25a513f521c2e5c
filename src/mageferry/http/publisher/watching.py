"""Seeing what a flow sends, after all plugins and the authentication had their say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

from mageferry.http.errors import HttpError
from mageferry.http.flow import Flow, Next
from mageferry.http.message import Request, Response
from mageferry.http.plugins.log import Exchange


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer or failure, and the last attempt as it went over the wire; None when nothing was sent."""

    answer: Response | HttpError
    exchange: Exchange | None


def send(request: Request, next: Next) -> Flow[Sent]:
    """Send a request; its failures are results."""
    sent_at, started = datetime.now(UTC), monotonic()
    seen: list[Request] = []
    answer: Response | HttpError
    try:
        answer = yield from _watched(next(request), seen)
    except HttpError as error:
        answer = error
    exchange = Exchange(seen[-1], answer, sent_at, monotonic() - started) if seen else None
    return Sent(answer, exchange)


def _watched(flow: Flow[Response], seen: list[Request]) -> Flow[Response]:
    """The same flow; requests of a sign-in are private and not those that are looked for."""
    try:
        command = next(flow)
        while True:
            if isinstance(command, Request) and not command.private:
                seen.append(command)
            try:
                result = yield command
            except Exception as error:
                command = flow.throw(error)
            else:
                command = flow.send(result)
    except StopIteration as stop:
        response: Response = stop.value
        return response
    finally:
        flow.close()
