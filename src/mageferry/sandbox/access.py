"""Who may do what: admin users, roles, passwords, and the JSON web tokens Magento hands out.

Only what the shop needs of JWT (RFC 7519, HS256) is here; the tokens look like Magento's.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from mageferry.sandbox.database import Database

INTEGRATION = 1
ADMIN = 2
CUSTOMER = 3
LOCK_AFTER_FAILURES = 6
LOCK_SECONDS = 30 * 60
EVERYTHING = "Magento_Backend::all"

type Clock = Callable[[], float]


@dataclass(slots=True)
class Account:
    """One admin user. ``resources`` are the role's permissions; ``Magento_Backend::all`` allows
    everything.
    """

    user_id: int
    username: str
    password: str = field(repr=False)
    resources: frozenset[str] = frozenset({EVERYTHING})
    active: bool = True
    failures: int = 0
    locked_until: float = 0
    token_minutes: int | None = None
    """Lifetime of this user's tokens; None is the shop's setting."""
    totp_secret: str = field(default="", repr=False)
    """The base32 secret of the user's authenticator; empty while none is set up."""

    def allows(self, resource: str) -> bool:
        return EVERYTHING in self.resources or resource in self.resources


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request comes from."""

    user_id: int
    kind: int
    resources: frozenset[str] = frozenset()
    """What an integration may do; users' permissions are looked up when they are needed."""


class AccessControl:
    """Accounts, sign-in with its lock, tokens and their revocation. ``clock`` gives seconds since 1970."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._key = self._load_key()
        self._accounts: dict[str, Account] = {}
        self._customers: dict[str, Account] = {}

    def _load_key(self) -> bytes:
        found = self._database.setting("jwt_key")
        if found is None:
            found = secrets.token_hex(32)
            self._database.set_setting("jwt_key", found)
        return bytes.fromhex(found)

    def add_account(
        self,
        username: str,
        password: str,
        *,
        resources: frozenset[str] = frozenset({EVERYTHING}),
        active: bool = True,
        token_minutes: int | None = None,
        totp_secret: str = "",
    ) -> Account:
        known = self._accounts.get(username.lower())
        user_id = known.user_id if known else len(self._accounts) + 1
        account = Account(user_id, username, password, resources, active)
        account.token_minutes = token_minutes
        account.totp_secret = totp_secret
        self._accounts[username.lower()] = account
        return account

    def add_customer(self, customer_id: int, email: str, password: str) -> None:
        """Let a customer sign in; customers have no permissions, only their own data."""
        self._customers[email.lower()] = Account(customer_id, email, password, frozenset())

    def find(self, username: str) -> Account | None:
        return self._accounts.get(username.lower())

    def account(self, user_id: int) -> Account | None:
        return next((entry for entry in self._accounts.values() if entry.user_id == user_id), None)

    def sign_in(self, username: str, password: str) -> Account | None:
        """The account, or None for a wrong password, an unknown, inactive or locked user alike."""
        return self._check_password(self.find(username), password)

    def sign_in_customer(self, email: str, password: str) -> Account | None:
        return self._check_password(self._customers.get(email.lower()), password)

    def _check_password(self, account: Account | None, password: str) -> Account | None:
        if account is None:
            return None
        fits = hmac.compare_digest(account.password.encode(), password.encode())
        if account.locked_until > self._clock():
            return None
        if not fits:
            account.failures += 1
            if account.failures >= LOCK_AFTER_FAILURES:
                account.failures = 0
                account.locked_until = self._clock() + LOCK_SECONDS
            return None
        account.failures = 0
        return account if account.active else None

    def issue_token(self, identity: Identity, lifetime_minutes: int) -> str:
        """A token; the same second gives the same one, since nothing in it is random."""
        issued_at = int(self._clock())
        claims: dict[str, str | int] = {
            "uid": identity.user_id,
            "utypid": identity.kind,
            "iat": issued_at,
            "exp": issued_at + lifetime_minutes * 60,
        }
        signed = f"{_pack({'kid': '1', 'alg': 'HS256'})}.{_pack(claims)}"
        return f"{signed}.{self._signature(signed)}"

    def _signature(self, signed: str) -> str:
        digest = hmac.new(self._key, signed.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def revoke_tokens(self, user_id: int) -> None:
        """Every token of the user up to and with this second stops working."""
        self._database.set_setting(f"revoked_{user_id}", str(int(self._clock())))

    def authenticate(self, authorization: str | None) -> Identity | None:
        """Who the ``Authorization`` header speaks for; None for anything but one good bearer token."""
        pieces = (authorization or "").split(" ")
        if len(pieces) != 2 or pieces[0].lower() != "bearer":
            return None
        return self._read_token(pieces[1])

    def _read_token(self, token: str) -> Identity | None:
        signed, _, signature = token.rpartition(".")
        if not signed or not hmac.compare_digest(self._signature(signed).encode(), signature.encode()):
            return None
        try:
            claims = json.loads(_unpack(signed.partition(".")[2]))
        except (ValueError, binascii.Error):
            return None
        identity = Identity(claims["uid"], claims["utypid"])
        if claims["exp"] <= self._clock() or claims["iat"] <= self._revoked_at(identity):
            return None
        return identity

    def _revoked_at(self, identity: Identity) -> int:
        found = self._database.setting(f"revoked_{identity.user_id}") if identity.kind == ADMIN else None
        return int(found) if found else -1

    def permits(self, identity: Identity | None, resource: str) -> bool:
        """``anonymous`` admits everyone, ``self`` a customer's own data, anything else an admin whose
        role has it.
        """
        if resource in ("anonymous", "self"):
            return True
        if identity is not None and identity.kind == INTEGRATION:
            return EVERYTHING in identity.resources or resource in identity.resources
        if identity is None or identity.kind != ADMIN:
            return False
        account = self.account(identity.user_id)
        return account is not None and account.active and account.allows(resource)


def _pack(part: dict[str, str | int]) -> str:
    text = json.dumps(part, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _unpack(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
