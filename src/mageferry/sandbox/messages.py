"""What arrives at a system of the sandbox, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

JSON = "application/json; charset=utf-8"
XML = "application/xml; charset=utf-8"
HTML = "text/html; charset=UTF-8"
PLAIN = "text/plain;charset=UTF-8"


WEB_SERVER = "nginx/1.22.1"
"""What stands in front of the shop that this one imitates; its own error pages say so."""


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived: ``path`` and ``query`` raw, header names in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    base_url: str


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)


class Front(Protocol):
    """A system behind the wire."""

    def answer(self, request: Request) -> Response: ...


def server_page(title: str) -> bytes:
    """The web server's own error page, as nginx in front of Magento sends it."""
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        f"<hr><center>{WEB_SERVER}</center>\r\n</body>\r\n</html>\r\n"
    ).encode()
