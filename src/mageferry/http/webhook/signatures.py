"""HMAC signatures of deliveries, in the ways that senders write them.

GitHub     Signature(secrets, header="X-Hub-Signature-256", prefix="sha256=")
Shopify    Signature(secrets, header="X-Shopify-Hmac-Sha256", encoding=Encoding.BASE64)
Slack      Signature(secrets, header="X-Slack-Signature", prefix="v0=", signed="v0:{timestamp}:{body}",
                     timestamp="X-Slack-Request-Timestamp")
Stripe     Signature(secrets, header="Stripe-Signature", signed="{timestamp}.{body}", signature_field="v1",
                     timestamp_field="t")
Standard   Signature(secrets, header="webhook-signature", prefix="v1,", encoding=Encoding.BASE64,
Webhooks             signed="{id}.{timestamp}.{body}", timestamp="webhook-timestamp", identifier="webhook-id",
                     key_encoding=Encoding.BASE64)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

from mageferry.http.redaction import Secret
from mageferry.http.subscriber.errors import SignatureMissing, SignatureWrong, Untimely, WrongSettings
from mageferry.http.webhook.delivery import Delivery

ALGORITHMS: Final = ("sha256", "sha512", "sha384", "sha1")
_PART = re.compile(r"(\{(?:body|timestamp|id)\})")
# Past the year 33658 as seconds: milliseconds.
_MILLISECONDS_FROM: Final = 1e12
_MOST_CANDIDATES: Final = 20


class Encoding(StrEnum):
    """How bytes are written as text."""

    HEX = "hex"
    BASE64 = "base64"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a signature proves: the digest of what was signed, and when that was, if it says."""

    digest: str
    signed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Signature:
    """How deliveries are signed. Any of `secrets` will do. `signed`: what is signed, of {body}, {timestamp}, {id}.

    `header` holds the signature behind `prefix`, or several of them with blanks between. With `signature_field` and
    `timestamp_field` it is a list such as `t=1700000000,v1=5257a8...`. `timestamp` and `identifier`: the headers of
    these. A timestamp (seconds, milliseconds, ISO 8601 or as in HTTP) may differ by `tolerance_seconds`.
    """

    secrets: tuple[Secret, ...]
    header: str = "X-Signature"
    algorithm: str = "sha256"
    encoding: Encoding = Encoding.HEX
    prefix: str = ""
    signed: str = "{body}"
    timestamp: str = ""
    identifier: str = ""
    signature_field: str = ""
    timestamp_field: str = ""
    key_encoding: Encoding = Encoding.TEXT
    tolerance_seconds: float = 300.0

    def __post_init__(self) -> None:
        if self.algorithm not in ALGORITHMS:
            raise WrongSettings("signature.algorithm", f"is one of {', '.join(ALGORITHMS)}")
        if self.encoding is Encoding.TEXT:
            raise WrongSettings("signature.encoding", "is hex or base64")
        if not self.secrets or not all(self.secrets):
            raise WrongSettings("signature.secrets", "a secret is needed")
        for secret in self.secrets:
            self._key(secret)
        if not self.tolerance_seconds > 0:
            raise WrongSettings("signature.tolerance_seconds", "must be more than 0")
        self._check_signed()

    def _check_signed(self) -> None:
        """What is not signed anybody could change: a timestamp or id beside it would prove nothing."""
        if "{body}" not in self.signed:
            raise WrongSettings("signature.signed", "needs {body}")
        pairs = (("timestamp", self.timestamp or self.timestamp_field), ("id", self.identifier))
        for name, source in pairs:
            if bool(source) != (f"{{{name}}}" in self.signed):
                raise WrongSettings(
                    "signature.signed",
                    f"{{{name}}} and where it comes from belong together",
                    remedy=f"Name its header and sign {{{name}}}, or neither: unsigned it proves nothing.",
                )

    def verify(self, delivery: Delivery, now: datetime) -> Verified:
        """Raises SignatureMissing, SignatureWrong and Untimely."""
        fields, candidates = self._sent(delivery)
        timestamp = fields.get(self.timestamp_field) or self._header(delivery, self.timestamp)
        payload = self._payload(delivery, timestamp)
        expected = [self._digest(secret, payload) for secret in self.secrets]
        # All are compared, so that time does not tell how near one came.
        right = [hmac.compare_digest(sent, digest) for sent in candidates for digest in expected]
        if not any(right):
            raise SignatureWrong(
                f"The signature in {self.header} does not belong to the body",
                remedy="Check the secret, the algorithm and what is signed; nothing may change the body on its way.",
            )
        signed_at = self._timely(timestamp, now) if timestamp else None
        return Verified(hashlib.sha256(payload).hexdigest(), signed_at)

    def _sent(self, delivery: Delivery) -> tuple[dict[str, str], list[bytes]]:
        """The fields of the header, if it has some, and the signatures in it."""
        text = self._header(delivery, self.header)
        if self.signature_field:
            pairs = [part.strip().partition("=")[::2] for part in text.split(",")[:_MOST_CANDIDATES]]
            texts = [value for name, value in pairs if name == self.signature_field]
            fields = {name: value for name, value in pairs if name == self.timestamp_field}
            if not texts or (self.timestamp_field and not fields):
                raise SignatureMissing(f"The header {self.header} has no signature or timestamp in it")
        else:
            fields, texts = {}, text.split()[:_MOST_CANDIDATES]
        decoded = (self._decoded(each) for each in texts)
        return fields, [each for each in decoded if each is not None]

    def _header(self, delivery: Delivery, name: str) -> str:
        value = (delivery.header(name) or "").strip() if name else ""
        if name and not value:
            raise SignatureMissing(
                f"The delivery has no header {name}", remedy="Have the sender sign what it sends."
            )
        return value

    def _decoded(self, text: str) -> bytes | None:
        if not text.startswith(self.prefix):
            return None
        text = text.removeprefix(self.prefix)
        try:
            if self.encoding is Encoding.HEX:
                return bytes.fromhex(text)
            return base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error):
            return None

    def _payload(self, delivery: Delivery, timestamp: str) -> bytes:
        identifier = self._header(delivery, self.identifier)
        values = {
            "{body}": delivery.body,
            "{timestamp}": timestamp.encode(),
            "{id}": identifier.encode(),
        }
        return b"".join(values.get(part, part.encode()) for part in _PART.split(self.signed))

    def _digest(self, secret: Secret, payload: bytes) -> bytes:
        return hmac.new(self._key(secret), payload, self.algorithm).digest()

    def _key(self, secret: Secret) -> bytes:
        text = secret.reveal()
        try:
            if self.key_encoding is Encoding.HEX:
                return bytes.fromhex(text)
            if self.key_encoding is Encoding.BASE64:
                return base64.b64decode(text.removeprefix("whsec_"), validate=True)
        except (ValueError, binascii.Error):
            raise WrongSettings("signature.secrets", f"a secret is no {self.key_encoding}") from None
        return text.encode()

    def _timely(self, timestamp: str, now: datetime) -> datetime:
        try:
            signed_at = _moment(timestamp)
            difference = now - signed_at
        except (ValueError, OverflowError, TypeError, OSError):
            raise Untimely(
                "The timestamp of the delivery cannot be read",
                remedy="Have the sender write it as seconds since 1970, or in ISO 8601.",
            ) from None
        if abs(difference) > timedelta(seconds=self.tolerance_seconds):
            direction = "ago" if difference > timedelta(0) else "in the future"
            raise Untimely(
                f"The delivery was signed {abs(difference).total_seconds():.0f} seconds {direction}",
                remedy="Check the clocks of both sides, or raise tolerance_seconds.",
            )
        return signed_at


def _moment(text: str) -> datetime:
    if re.fullmatch(r"\d{1,16}(\.\d{1,9})?", text, re.ASCII):
        number = float(text)
        return datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS_FROM else number, UTC)
    moment = parsedate_to_datetime(text) if "," in text else datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
