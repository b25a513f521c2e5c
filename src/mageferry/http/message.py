"""The two values that travel through a flow: a request and its response."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from httpx2 import Headers

from mageferry.http.addresses import AddressPolicy
from mageferry.http.redaction import Secret, mask_secrets, redact_url

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds: to connect, between two chunks, for a free connection, in all."""

    connect_seconds: float = 10.0
    read_seconds: float = 120.0
    write_seconds: float = 60.0
    pool_seconds: float = 60.0
    total_seconds: float = 600.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ValueError(f"Timeouts.{name} must be more than 0, not {getattr(self, name)!r}")


@dataclass(frozen=True, slots=True)
class Wire:
    """How connections are made. `HttpConfig` says what the words mean."""

    verify: bool | str | ssl.SSLContext = True
    proxy: Secret | None = None
    max_connections: int = 100
    addresses: AddressPolicy | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Request:
    """One request, with its URL encoded as it goes over the wire. Copies with changes, never changes itself.

    `repeatable` says whether it may be sent twice when nobody knows what became of the first time; left at
    None the method decides (GET, HEAD and OPTIONS may). `anonymous` keeps the client's authentication away, as
    for the target of a redirect to another host. `wire`: the TLS and proxy settings of another client.

    `secrets` are masked wherever they appear when the request is shown or logged, whatever the name of the
    header or parameter they stand in; of a `private` exchange no body is shown at all.

    `max_body_bytes`: a larger answer is refused and not read to its end; the client's own limit holds as well.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    repeatable: bool | None = None
    timeouts: Timeouts | None = None
    anonymous: bool = False
    wire: Wire | None = None
    secrets: tuple[Secret, ...] = ()
    private: bool = False
    max_body_bytes: int | None = None

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.masked(redact_url(self.url))}>"

    def masked(self, text: str) -> str:
        """The text without this request's secrets."""
        return mask_secrets(text, self.secrets)

    @property
    def may_repeat(self) -> bool:
        return self.method in SAFE_METHODS if self.repeatable is None else self.repeatable

    @property
    def line(self) -> str:
        """Method and path without query: fit for an error message."""
        return f"{self.method} {urlsplit(self.url).path or '/'}"

    def header(self, name: str) -> str | None:
        """The header's value, whatever the case of its name."""
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), None)

    def without_headers(self, unwanted: Callable[[str], bool]) -> Request:
        """A copy without the headers whose names (in lower case) are unwanted."""
        kept = {key: value for key, value in self.headers.items() if not unwanted(key.lower())}
        return replace(self, headers=kept)

    def with_header(self, name: str, value: str | Secret, secrets: tuple[Secret, ...] = ()) -> Request:
        """A copy in which this header has this one value, and more secrets to mask."""
        wanted = name.lower()
        headers = {key: old for key, old in self.headers.items() if key.lower() != wanted}
        if isinstance(value, Secret):
            secrets = (*secrets, value)
            value = value.reveal()
        headers[name] = value
        return self.with_headers(headers, secrets)

    def with_headers(self, headers: Mapping[str, str], secrets: tuple[Secret, ...] = ()) -> Request:
        """A copy with these headers alone, and more secrets to mask."""
        return self._with(self.url, headers, secrets)

    def with_url(self, url: str) -> Request:
        """A copy for another address."""
        return self._with(url, self.headers)

    def _with(self, url: str, headers: Mapping[str, str], secrets: tuple[Secret, ...] = ()) -> Request:
        # What `replace` does, for a fifth of its time: every plugin that adds a header comes here.
        return Request(
            self.method,
            url,
            headers,
            self.content,
            self.repeatable,
            self.timeouts,
            self.anonymous,
            self.wire,
            (*self.secrets, *secrets),
            self.private,
            self.max_body_bytes,
        )


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """One whole answer: status, headers, the body decompressed, and how long it took.

    `url`: the address that answered, after plugins and redirects; it may hold secrets. Empty when unknown.
    """

    status: int
    headers: Headers = field(default_factory=Headers)
    content: bytes = b""
    elapsed_seconds: float = 0.0
    url: str = ""

    def __repr__(self) -> str:
        return f"<Response {self.status}, {len(self.content)} bytes>"

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters; empty when the server named none."""
        value: str = self.headers.get("content-type", "")
        return value.partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The decoded body; raises ValueError when it is not JSON."""
        return orjson.loads(self.content)
