"""Digest authentication (RFC 7616); the answers to the server's challenges are httpx2's."""

from __future__ import annotations

import threading
from collections.abc import Generator

import httpx2

from mageferry.http.flow import Flow, Next
from mageferry.http.message import Request, Response
from mageferry.http.redaction import Secret

type _Answers = Generator[httpx2.Request, httpx2.Response, None]


class Digest:
    """Answers a challenge once, and sends the answer along from then on."""

    def __init__(self, username: str, password: Secret) -> None:
        self._username = username
        self._password = password
        self._auth: httpx2.DigestAuth | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Digest of {self._username!r}>"

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        wire_form = httpx2.Request(request.method, request.url)
        # The count of uses of a challenge is shared, and the server refuses to see a number twice.
        with self._lock:
            if self._auth is None:
                self._auth = httpx2.DigestAuth(self._username, self._password.reveal())
            answers: _Answers = self._auth.auth_flow(wire_form)
            signed = _signed(request, answers.__next__())
        response = yield from next(signed)
        with self._lock:
            try:
                signed = _signed(request, answers.send(_wire_response(wire_form, response)))
            except StopIteration:
                return response
        return (yield from next(signed))


def _signed(request: Request, wire_form: httpx2.Request) -> Request:
    value = wire_form.headers.get("authorization")
    return request if value is None else request.with_header("Authorization", value)


def _wire_response(wire_form: httpx2.Request, response: Response) -> httpx2.Response:
    challenges = [pair for pair in response.headers.multi_items() if pair[0].lower() == "www-authenticate"]
    return httpx2.Response(response.status, headers=challenges, request=wire_form)
