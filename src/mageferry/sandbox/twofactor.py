"""Two-factor sign-in: one-time codes (RFC 6238) and what the plain token service answers instead of a token."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct

from mageferry.sandbox.access import Account
from mageferry.sandbox.refusals import Refusal
from mageferry.sandbox.settings import Settings

PROVIDER = "google"
STEP_SECONDS = 30
DIGITS = 6
_WINDOW = 1


def check_plain_sign_in(account: Account, settings: Settings) -> None:
    """Raises Refusal (400) when two-factor authentication is on: a password alone gives no token then."""
    if not settings.flag("sandbox/twofactor/enabled"):
        return
    if PROVIDER not in _forced(settings):
        raise Refusal(400, "Please ask an administrator with sufficient access to configure 2FA first")
    if not account.totp_secret:
        raise Refusal(
            400,
            "You are required to configure personal Two-Factor Authorization in order to login. "
            "Please check your email.",
            {"providers": [PROVIDER], "active_providers": []},
        )
    raise Refusal(
        400,
        "Please use the 2fa provider-specific endpoints to obtain a token.",
        {"active_providers": [PROVIDER]},
    )


def check_code(account: Account, code: str, settings: Settings, seconds: float) -> None:
    """Raises Refusal: 400 for a user who has no authenticator, 401 for a wrong code."""
    if PROVIDER not in _forced(settings):
        raise Refusal(400, "Provider is not allowed.")
    if not account.totp_secret:
        raise Refusal(400, "Provider is not configured.")
    step = int(seconds // STEP_SECONDS)
    near = range(step - _WINDOW, step + _WINDOW + 1)
    if not any(hmac.compare_digest(one_time_code(account.totp_secret, at), code) for at in near):
        raise Refusal(401, "Invalid code.")


def _forced(settings: Settings) -> list[str]:
    return settings.get("twofactorauth/general/force_providers").split(",")


def one_time_code(secret: str, step: int) -> str:
    """The code of a base32 secret in a time step of 30 seconds. Raises ValueError for a bad secret."""
    padded = secret.upper() + "=" * (-len(secret) % 8)
    try:
        key = base64.b32decode(padded)
    except binascii.Error:
        raise ValueError("the secret of an authenticator must be base32 text") from None
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    number: int = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"
