"""Replaying a recorded activation of an integration, whose keys, verifier and tokens the recorded shop had made.

The sandbox makes its own; here they are replaced by the recorded ones as soon as they are known, so that the
recorded signatures hold. An access token whose secret is in no recording is made up, and requests with it are
signed anew from the base string that their note holds.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import timedelta
from urllib.parse import parse_qs, quote

from conformance.player import Player, replace_signature, signed_token
from conformance.recordings import Answer, Recording
from mageferry.sandbox.integrations import Integration, Token, TokenKind

EXPIRED_SECONDS = 400
ACCESS_PATH = "/oauth/token/access"
AFTER_EXCHANGE = 5
_BASE_STRING = re.compile(r"base_string=(\S+)")
_CONSUMER_KEY = re.compile(r'oauth_consumer_key="(\w+)"')
MADE_UP = "0123456789abcdef0123456789abcdef"


class HandshakeReplay:
    """One activation; ``posted`` is the recording of the request that the shop sent to the endpoint."""

    def __init__(self, player: Player, recordings: list[Recording]) -> None:
        self._player = player
        self._book = player.sandbox.shop.integrations
        posted = next((entry for entry in recordings if "posts_credentials" in entry.name), None)
        form = parse_qs(posted.exchanges[0].request.body or "") if posted else {}
        self._key = next(iter(form.get("oauth_consumer_key", ())), "")
        self._verifier = next(iter(form.get("oauth_verifier", ())), "")
        self._exchanged = False

    def play(self, recording: Recording) -> Answer:
        """Send the recording's one request with the sandbox in the state that it was recorded in."""
        exchange = recording.exchanges[0]
        with self._player.sandbox.control.lock:
            self._prepare(recording)
        header = self._signed_anew(recording)
        if exchange.answer and exchange.answer.at:
            self._player.sandbox.control.set_clock(exchange.answer.at)
        found = self._player.send(exchange.request, header)
        with self._player.sandbox.control.lock:
            self._adopt(exchange.answer)
        return found

    def _prepare(self, recording: Recording) -> None:
        entry = self._book.by_key(self._key)
        answer = recording.exchanges[0].answer
        if entry is None or answer is None or answer.at is None:
            return
        self._player.sandbox.control.set_clock(answer.at)
        if self._book.first_token(entry) is None:
            token = self._book.offer(entry)
            token.verifier = self._verifier
            self._book.save_token(token)
        if "expired" in recording.name:
            earlier = answer.at - timedelta(seconds=EXPIRED_SECONDS)
            entry.posted_at = earlier.timestamp()
            self._book.save(entry)
        if self._is_exchanged(recording) and not self._exchanged:
            self._exchange(entry)

    def _is_exchanged(self, recording: Recording) -> bool:
        """Whether the request token had become an access token before: a later step of the same row says so."""
        exchange = recording.exchanges[0]
        worked = exchange.answer is not None and exchange.answer.status == 200
        if worked and exchange.request.target.startswith(ACCESS_PATH):
            return False
        return recording.name[:1].isdigit() and int(recording.name[0]) >= AFTER_EXCHANGE

    def _exchange(self, entry: Integration) -> None:
        """The exchange itself may not be among the recordings: its token is known from the first use."""
        token = self._book.first_token(entry)
        if token is None or token.kind != TokenKind.REQUEST:
            return
        self._exchanged = True
        fresh = Token(
            token.token_id, token.consumer_id, TokenKind.ACCESS.value, MADE_UP, MADE_UP, token.verifier
        )
        self._book.save_token(fresh)

    def _signed_anew(self, recording: Recording) -> str:
        """The Authorization header; signed with the made-up secret when it names a token that worked there and
        is unknown here.
        """
        exchange = recording.exchanges[0]
        header = exchange.request.authorization
        name = signed_token(header)
        base = _BASE_STRING.search(recording.note)
        key = _CONSUMER_KEY.search(header)
        entry = self._book.by_key(key[1]) if key else None
        worked = exchange.answer is not None and exchange.answer.status == 200
        if not (worked and name and base and entry) or self._book.token(name) is not None:
            return header
        secret = f"{quote(entry.consumer_secret, safe='')}&{MADE_UP}"
        text = base[1].replace(name, MADE_UP)
        digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
        signature = quote(base64.b64encode(digest).decode(), safe="")
        return replace_signature(header.replace(name, MADE_UP), signature)

    def _adopt(self, recorded: Answer | None) -> None:
        """From now on the sandbox's token is called as the recorded shop called it."""
        form = parse_qs(recorded.body) if recorded and recorded.status == 200 else {}
        entry = self._book.by_key(self._key)
        token = self._book.first_token(entry) if entry else None
        if token is None or "oauth_token" not in form:
            return
        token.token, token.secret = form["oauth_token"][0], form["oauth_token_secret"][0]
        self._book.save_token(token)
        self._exchanged = token.kind == TokenKind.ACCESS
