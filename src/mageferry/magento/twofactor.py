"""The second factor of an admin user: codes of Magento's Google Authenticator provider, made here.

Magento (Magento_TwoFactorAuth) gives tokens to such users at a path of its own, which takes the code with user
name and password. Other providers (Duo, Authy, U2F) want a person and cannot be used by a program.
"""

from __future__ import annotations

import binascii
import math
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Protocol

import pyotp

from mageferry.http import Flow, Secret, Sleep
from mageferry.magento.errors import ConfigurationError

GOOGLE_PATH: Final = "/V1/tfa/provider/google/authenticate"
_SHORTEST_BYTES: Final = 10


class CodeLog(Protocol):
    """Remembers which codes were used. Over processes it is a row that only one of them can claim."""

    def claim(self, step: int) -> bool:
        """Take this time step (whole intervals since 1970); False when it, or a later one, is taken."""


class MemoryCodeLog:
    """Remembers within this process."""

    def __init__(self) -> None:
        self._last = -1
        self._lock = threading.Lock()

    def claim(self, step: int) -> bool:
        with self._lock:
            if step <= self._last:
                return False
            self._last = step
            return True


class Totp:
    """Time-based one-time codes (RFC 6238). Each code is used once: the next sign-in waits for the next one.

    `secret` is what Magento showed when the authenticator was set up: the base32 text, with or without
    blanks, or the whole `otpauth://totp/...` address of its QR code. Raises ConfigurationError when it is
    neither.
    """

    def __init__(
        self,
        secret: Secret | str,
        *,
        log: CodeLog | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._generator = _generator(Secret(secret).reveal())
        self._log: CodeLog = log or MemoryCodeLog()
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Totp of {self._generator.digits} digits>"

    def code(self) -> Flow[Secret]:
        """A code nobody has used: at once, or when the time for the next one has come."""
        now = self._clock().timestamp()
        interval = self._generator.interval
        step = math.floor(now / interval)
        while not self._log.claim(step):
            step += 1
        wait_seconds = step * interval - now
        if wait_seconds > 0:
            yield Sleep(wait_seconds)
        return Secret(self._generator.generate_otp(step))


def _generator(text: str) -> pyotp.TOTP:
    try:
        if text.strip().lower().startswith("otpauth://"):
            generator = pyotp.parse_uri(text.strip())
        else:
            generator = pyotp.TOTP("".join(text.split()).upper())
        too_short = len(generator.byte_secret()) < _SHORTEST_BYTES
    except (ValueError, binascii.Error, KeyError):
        raise _unusable() from None
    if too_short or not isinstance(generator, pyotp.TOTP):
        raise _unusable()
    return generator


def _unusable() -> ConfigurationError:
    return ConfigurationError(
        "The secret of the authenticator app cannot be used",
        remedy="Give the text that Magento showed below the QR code when the authenticator was set up: letters "
        "and the digits 2 to 7, at least 16 of them.",
    )
