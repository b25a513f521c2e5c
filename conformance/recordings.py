"""What a directory of recordings holds, in the order in which it is to be sent.

DIR/store/*.json              the shop's content at the start, as its own REST interface gave it
DIR/timeline/NNNN-*.json      requests sent one after the other from there, and steps between them
DIR/recordings/GROUP/*.json   stand-alone exchanges, or several at once under `exchanges`
DIR/*credentials*.json        keys and accounts of the shop
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

SIGN_IN_PATHS = ("/integration/admin/token", "/integration/customer/token", "/provider/google/authenticate")


class DataError(Exception):
    """The directory does not hold what it should; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request as it went over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: str | None

    @property
    def authorization(self) -> str:
        return self.headers.get("Authorization", "")

    @property
    def signs_in(self) -> bool:
        """Whether it asks for a token with a user name and a password."""
        return any(path in self.target for path in SIGN_IN_PATHS)

    def encoded_body(self) -> bytes:
        """The body's bytes. One whose Content-Length counts its characters was sent as Latin-1, not UTF-8."""
        body = self.body or ""
        length = int(self.headers.get("Content-Length") or 0)
        latin = length == len(body) and length != len(body.encode())
        return body.encode("latin-1" if latin else "utf-8")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``at`` is the Date of a recorded answer, in UTC."""

    status: int
    content_type: str
    body: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with the answer that was recorded; None is to be sent but not compared."""

    request: SentRequest
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class Recording:
    """One file: exchanges (several were sent at once), or a ``step`` that happened in the shop between them."""

    group: str
    name: str
    note: str = ""
    step: str = ""
    exchanges: tuple[Exchange, ...] = field(default=())

    @property
    def title(self) -> str:
        return f"{self.group}/{self.name}"

    @property
    def signs_in(self) -> bool:
        return any(exchange.request.signs_in for exchange in self.exchanges)

    @property
    def at(self) -> datetime | None:
        """When the shop answered first."""
        moments = [entry.answer.at for entry in self.exchanges if entry.answer and entry.answer.at]
        return min(moments, default=None)


def read_timeline(directory: Path) -> list[Recording]:
    """The requests of one run, in their order. Raises DataError."""
    files = sorted((directory / "timeline").glob("*.json"))
    return [read_recording(file, "") for file in files]


def read_alone(directory: Path) -> list[Recording]:
    """The stand-alone recordings, oldest first; within one second sign-ins before what they were for, then by
    name. Raises DataError.
    """
    files = sorted((directory / "recordings").glob("*/*.json"))
    found = [read_recording(file, file.parent.name) for file in files]
    never = datetime.min.replace(tzinfo=UTC)
    return sorted(found, key=lambda entry: (entry.at or never, not entry.signs_in, entry.title))


def read_recording(file: Path, group: str) -> Recording:
    """One file; ``group`` is for a file that does not name its own. Raises DataError."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{file} is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise DataError(f"{file} must hold an object")
    parts = content.get("exchanges") or ([content] if "request" in content else [])
    try:
        exchanges = tuple(_read_exchange(part) for part in parts)
    except (KeyError, TypeError) as error:
        raise DataError(f"{file} holds no complete exchange: {error!r}") from None
    return Recording(
        content.get("group") or group,
        file.stem,
        content.get("note") or "",
        content.get("step") or "",
        exchanges,
    )


def _read_exchange(part: Mapping[str, Any]) -> Exchange:
    sent = part["request"]
    request = SentRequest(sent["method"], sent["url"], sent["headers"], sent.get("body"))
    recorded = part.get("response")
    if recorded is None:
        return Exchange(request, None)
    headers = recorded.get("headers") or []
    pairs = headers.items() if isinstance(headers, dict) else headers
    named = {str(name).lower(): str(value) for name, value in pairs}
    at = parsedate_to_datetime(named["date"]) if "date" in named else None
    answer = Answer(recorded["status"], named.get("content-type", ""), recorded.get("body") or "", at)
    return Exchange(request, answer)


@dataclass(frozen=True, slots=True)
class Keys:
    """An integration's name and keys; those of its access token are empty before it has one."""

    name: str
    consumer_key: str
    consumer_secret: str = field(repr=False)
    access_token: str = field(default="", repr=False)
    access_token_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the shop's owner knew: integrations, admin users (name -> what it is for), and their one password."""

    integrations: tuple[Keys, ...] = ()
    users: Mapping[str, str] = field(default_factory=dict)
    password: str = field(default="", repr=False)
    totp_secret: str = field(default="", repr=False)


def read_credentials(directory: Path) -> Credentials:
    """The keys beside the recordings; none when there is no such file."""
    content = next(_contents(directory, "*credentials*.json"), {})
    users = dict(content.get("admin_users") or {})
    password = next((value for name, value in users.items() if name.startswith("password")), "")
    totp = next((value for name, value in content.items() if name.startswith("totp_secret")), "")
    return Credentials(
        tuple(_read_keys(name, entry) for name, entry in content.items() if _has_keys(entry)),
        {name: text for name, text in users.items() if not name.startswith("password")},
        password,
        totp,
    )


def _contents(directory: Path, pattern: str) -> Iterator[dict[str, Any]]:
    for file in sorted(directory.glob(pattern)):
        yield json.loads(file.read_text(encoding="utf-8"))


def _has_keys(entry: object) -> bool:
    return isinstance(entry, dict) and "consumer_key" in entry


def _read_keys(name: str, entry: Mapping[str, str | None]) -> Keys:
    fields = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
    return Keys(name, *(entry.get(field) or "" for field in fields))
