"""Sends recorded requests to a sandbox, byte for byte but for what belongs to the recorded shop: its UUIDs and
its tokens, which are minted anew with the same user, the same moment and the same lifetime.
"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from urllib.parse import urlsplit

from conformance.comparison import JSON_WEB_TOKEN, UUID
from conformance.recordings import Answer, Exchange, Recording, SentRequest
from mageferry.sandbox import Sandbox
from mageferry.sandbox.access import ADMIN, CUSTOMER, Identity

ADMIN_PLACEHOLDER = "{admin}"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token of the recorded shop says: whose it is, and from when to when it is good (Unix seconds)."""

    user_id: int
    kind: int
    issued_at: int
    expires_at: int


def read_claims(token: str) -> Claims | None:
    """The claims of a JSON web token; None when they cannot be read."""
    part = token.split(".")[1]
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return Claims(found["uid"], found["utypid"], found["iat"], found["exp"])
    except (ValueError, KeyError, TypeError):
        return None


def sent_credentials(request: SentRequest) -> tuple[str, str] | None:
    """User name and password of a sign-in; None for a body without them."""
    try:
        body = json.loads(request.body or "")
        name, password = body["username"], body["password"]
    except (ValueError, KeyError, TypeError):
        return None
    return (name, password) if isinstance(name, str) and isinstance(password, str) else None


class TokenOffice:
    """Knows the recorded shop's tokens: which signature of the same claims is the real one, and whose they are."""

    def __init__(self, recordings: Iterable[Recording]) -> None:
        self._signatures: dict[str, Counter[str]] = {}
        self._names: dict[int, str] = {}
        for recording in recordings:
            for exchange in recording.exchanges:
                self._learn(exchange)

    def _learn(self, exchange: Exchange) -> None:
        worked = exchange.answer is not None and exchange.answer.status == 200
        for token in JSON_WEB_TOKEN.findall(exchange.request.authorization):
            self._count(token, 100 if worked else 1)
        if not worked or exchange.answer is None or not exchange.request.signs_in:
            return
        credentials = sent_credentials(exchange.request)
        for token in JSON_WEB_TOKEN.findall(exchange.answer.body):
            self._count(token, 1000)
            claims = read_claims(token)
            if credentials and claims and claims.kind == ADMIN:
                self._names[claims.user_id] = credentials[0]

    def _count(self, token: str, weight: int) -> None:
        signed, _, signature = token.rpartition(".")
        self._signatures.setdefault(signed, Counter())[signature] += weight

    def is_real(self, token: str) -> bool:
        """Whether the signature is the one that these claims have elsewhere; a tampered one is not."""
        signed, _, signature = token.rpartition(".")
        known = self._signatures.get(signed)
        return known is None or known.most_common(1)[0][0] == signature

    def username(self, user_id: int, title: str) -> str:
        """The admin user of an id. One who never signed in is known by the recording's name only."""
        return self._names.get(user_id) or ("limited" if "limited" in title else "admin")


class Player:
    """Plays exchanges against one sandbox, at the time at which they were recorded."""

    def __init__(self, sandbox: Sandbox, office: TokenOffice) -> None:
        self.sandbox = sandbox
        self._office = office
        self._uuids: dict[str, str] = {}

    def play(self, exchange: Exchange, title: str) -> Answer:
        """Send the request; what the sandbox answered. The shop's clock is set to the recorded moment."""
        request, recorded = exchange.request, exchange.answer
        if recorded is not None and recorded.at is not None:
            self.sandbox.control.set_clock(recorded.at)
        found = self.send(request, self._authorization(request, title))
        if recorded is not None and "bulk_uuid" in recorded.body:
            self._note_uuid(recorded.body, found.body)
        return found

    def _authorization(self, request: SentRequest, title: str) -> str:
        """The request's own header, its tokens replaced by those of the sandbox."""
        header = request.authorization
        if ADMIN_PLACEHOLDER in header:
            return header.replace(ADMIN_PLACEHOLDER, self.mint(Claims(1, ADMIN, 0, 3600), title))
        for token in JSON_WEB_TOKEN.findall(header):
            claims = read_claims(token)
            if claims is not None and self._office.is_real(token):
                header = header.replace(token, self.mint(claims, title))
        return header

    def mint(self, claims: Claims, title: str) -> str:
        """A token of the sandbox for the same user and time; issued at 0 means now."""
        control, shop = self.sandbox.control, self.sandbox.shop
        user_id = claims.user_id
        if claims.kind != CUSTOMER:
            account = shop.access.find(self._office.username(user_id, title)) or shop.access.find("admin")
            user_id = account.user_id if account else user_id
        with control.lock:
            now = shop.clock.seconds()
            if claims.issued_at:
                shop.clock.set(datetime.fromtimestamp(claims.issued_at, UTC))
            minutes = (claims.expires_at - claims.issued_at) // 60
            token = shop.access.issue_token(Identity(user_id, claims.kind), minutes)
            shop.clock.set(datetime.fromtimestamp(now, UTC))
        return token

    def send(self, request: SentRequest, authorization: str) -> Answer:
        """Over a connection of its own. A request signed for the recorded shop's address keeps its Host."""
        signed = authorization[:6].lower() == "oauth "
        dropped = {"Content-Length", "Authorization"} | (set() if signed else {"Host"})
        headers = {name: value for name, value in request.headers.items() if name not in dropped}
        if authorization:
            headers["Authorization"] = authorization
        body = request.encoded_body()
        if body or "Content-Length" in request.headers:
            headers["Content-Length"] = str(len(body))
        target = UUID.sub(lambda match: self._uuids.get(match[0], match[0]), request.target)
        return exchange_raw(self.sandbox.url, request.method, target, headers, body)

    def _note_uuid(self, recorded: str, found: str) -> None:
        """Later requests name a bulk by the UUID that its own shop gave."""
        old, new = UUID.search(recorded), UUID.search(found)
        if old and new:
            self._uuids[old[0]] = new[0]


def exchange_raw(url: str, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """One request with exactly these headers (a Host is added when there is none)."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port)
    try:
        connection.putrequest(method, target, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body or None)
        response = connection.getresponse()
        text = response.read().decode("utf-8", "replace")
        return Answer(response.status, response.headers.get("Content-Type", ""), text)
    finally:
        connection.close()


_SIGNATURE = re.compile(r'oauth_signature="[^"]*"')
_SIGNED_TOKEN = re.compile(r'oauth_token="(\w+)"')


def signed_token(header: str) -> str:
    """The token that a signed request names; empty without one."""
    match = _SIGNED_TOKEN.search(header)
    return match[1] if match else ""


def replace_signature(header: str, signature: str) -> str:
    return _SIGNATURE.sub(f'oauth_signature="{signature}"', header)
