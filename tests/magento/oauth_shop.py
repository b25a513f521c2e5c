"""A shop that verifies OAuth 1.0a as Magento 2.4.7 does, written from the server's side and on its own."""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Sequence
from functools import cmp_to_key
from urllib.parse import quote, unquote, unquote_to_bytes

from tests.http.local_server import Say, Seen

KEYS = ("ck" + "1" * 30, "cs" + "2" * 30, "at" + "3" * 30, "as" + "4" * 30)
INVALID = {"message": "The signature is invalid. Verify and try again."}
DECODED = {"reserved": r"[A-Za-z0-9._~:@&=+$,/;%-]", "unreserved": r"[A-Za-z0-9._~-]"}


def strnatcmp(a: bytes, b: bytes) -> int:
    """PHP's strnatcmp_ex of ext/standard/strnatcmp.c, step by step, for texts without blanks."""
    if not a or not b:
        return (len(a) > len(b)) - (len(a) < len(b))
    i, j = _past_zeros(a), _past_zeros(b)
    while True:
        if a[i : i + 1].isdigit() and b[j : j + 1].isdigit():
            left, right = _digits(a, i), _digits(b, j)
            if left != right:
                return _compare_digits(left, right)
            i, j = i + len(left), j + len(right)
            if i == len(a) or j == len(b):
                return (j == len(b)) - (i == len(a))
        if a[i] != b[j]:
            return -1 if a[i] < b[j] else 1
        i, j = i + 1, j + 1
        if i >= len(a) or j >= len(b):
            return (j >= len(b)) - (i >= len(a))


def _past_zeros(text: bytes) -> int:
    index = 0
    while text[index : index + 1] == b"0" and text[index + 1 : index + 2].isdigit():
        index += 1
    return index


def _digits(text: bytes, start: int) -> bytes:
    end = start
    while text[end : end + 1].isdigit():
        end += 1
    return text[start:end]


def _compare_digits(left: bytes, right: bytes) -> int:
    fraction = left[:1] == b"0" or right[:1] == b"0"
    if fraction or len(left) == len(right):
        return -1 if left < right else 1
    return -1 if len(left) < len(right) else 1


class OAuthShop:
    """Answers `{"ok": 1}` to what is signed well. `rule`: how it normalises the path."""

    def __init__(self, rule: str = "reserved", methods: Sequence[str] = ("HMAC-SHA256",)) -> None:
        self.rule = rule
        self.methods = methods
        self.consumer_key, self.consumer_secret, self.access_token, self.access_secret = KEYS
        self.scheme = "http"
        self.now: float | None = None
        self.headers: dict[str, str] = {}
        self.used: set[str] = set()

    def __call__(self, request: Seen) -> Say:
        header = request.headers.get("authorization") or ""
        sent = {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', header)}
        if not header.lower().startswith("oauth "):
            text = "The consumer isn't authorized to access %resources."
            body = {"message": text, "parameters": {"resources": "Magento_Sales::actions_view"}}
            return Say(401, body, self.headers)
        refusal = self._refusal(sent)
        if refusal:
            return Say(401, {"message": refusal}, self.headers)
        if sent["oauth_signature"] != self.signature(request, sent):
            return Say(401, INVALID, self.headers)
        return Say(200, {"ok": 1}, self.headers)

    def _refusal(self, sent: dict[str, str]) -> str:
        nonce = sent["oauth_nonce"][:32]
        if sent["oauth_signature_method"] not in self.methods:
            return f"Signature method {sent['oauth_signature_method']} is not supported"
        if self.now is not None and int(sent["oauth_timestamp"]) > self.now + 600:
            return "An error occurred validating the nonce"
        if nonce in self.used:
            return "The nonce is already being used by the consumer with ID 1"
        self.used.add(nonce)
        return "" if sent["oauth_token"] == self.access_token else "Specified token does not exist"

    def signature(self, request: Seen, sent: dict[str, str]) -> str:
        parameters = {
            name.encode(): value.encode() for name, value in sent.items() if name != "oauth_signature"
        }
        path, _, query = request.target.partition("?")
        for pair in query.split("&"):
            halves = pair.split("=")
            if len(halves) == 2:
                parameters[unquote_to_bytes(halves[0])] = unquote_to_bytes(halves[1])
        encoded = {
            quote(name, safe="~").encode(): quote(value, safe="~") for name, value in parameters.items()
        }
        names = sorted(encoded, key=cmp_to_key(strnatcmp))
        joined = "&".join(f"{name.decode()}={encoded[name]}" for name in names)
        url = f"{self.scheme}://{request.headers['host']}{self._normalised(path)}"
        base = "&".join([request.method, quote(url, safe="~"), quote(joined, safe="~")])
        key = f"{self.consumer_secret}&{self.access_secret}".encode()
        kind = sent["oauth_signature_method"].removeprefix("HMAC-").lower()
        return b64encode(hmac.digest(key, base.encode(), kind)).decode()

    def _normalised(self, path: str) -> str:
        def decode(match: re.Match[str]) -> str:
            char = unquote(match.group(0), "latin-1")
            return char if re.fullmatch(DECODED[self.rule], char) else match.group(0).upper()

        decoded = re.sub("%[0-9A-Fa-f]{2}", decode, path)
        return re.sub(
            r"[^A-Za-z0-9._~)(:@&=+$,/;%-]|%(?![0-9A-Fa-f]{2})", lambda match: quote(match.group(0)), decoded
        )
