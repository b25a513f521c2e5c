"""A secret that the sender knows, sent along as it is."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import StrEnum

from mageferry.http.redaction import Secret
from mageferry.http.subscriber.errors import SecretWrong, WrongSettings
from mageferry.http.webhook.delivery import Delivery

_SHORTEST = 16


class Where(StrEnum):
    """Where a delivery carries the secret: as the last part of its path, in a header, in a query parameter."""

    PATH = "path"
    HEADER = "header"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """`secrets`: any of them will do, so that one can be changed for another. `name`: of the header or parameter.
    `prefix`: what stands before it in the header, such as `Bearer `."""

    secrets: tuple[Secret, ...]
    where: Where = Where.HEADER
    name: str = ""
    prefix: str = ""

    def __post_init__(self) -> None:
        if not self.secrets or any(len(secret.reveal()) < _SHORTEST for secret in self.secrets):
            raise WrongSettings(
                "secret.secrets",
                f"a shared secret needs {_SHORTEST} characters at least",
                remedy="Have one made at random: anyone who guesses it can send what they like.",
            )
        if self.where is not Where.PATH and not self.name:
            raise WrongSettings("secret.name", "is needed", remedy="Name the header or parameter.")

    def check(self, delivery: Delivery) -> None:
        """Raises SecretWrong, without a word on which of missing and wrong it is."""
        sent = self._sent(delivery)
        # Every secret is compared, so that time does not tell which one it nearly was.
        given = sent.encode("utf-8", "replace")
        right = [hmac.compare_digest(given, secret.reveal().encode()) for secret in self.secrets]
        if not any(right):
            place = {Where.PATH: "path"}.get(self.where, f"{self.where} {self.name}")
            raise SecretWrong(
                f"The shared secret is missing or wrong ({place})",
                remedy="Give the sender the secret anew.",
            )

    def _sent(self, delivery: Delivery) -> str:
        if self.where is Where.PATH:
            return delivery.last_segment
        if self.where is Where.QUERY:
            values = delivery.parameters(self.name)
            return values[0] if len(values) == 1 else ""
        value = (delivery.header(self.name) or "").strip()
        return value.removeprefix(self.prefix) if value.startswith(self.prefix) else ""
