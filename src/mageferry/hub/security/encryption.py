"""Encryption of secrets at rest: Fernet, with several keys so that a key can be rotated."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from functools import cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from mageferry.http.redaction import Secret
from mageferry.hub.configuration import ConfigurationProblem, configuration


class UnreadableSecret(Exception):
    """A stored secret can't be decrypted with the keys of this process."""

    def __init__(self) -> None:
        super().__init__(
            "A stored secret can't be decrypted: the hub runs with another encryption key than the one it was "
            "saved with. Restore the key file (encryption.key in the home directory) or put the old key into "
            "MAGEFERRY_ENCRYPTION_KEYS, or enter the secret anew."
        )


def read_or_make(path: Path, make: Callable[[], str]) -> str:
    """The text of a key file; made with mode 600 when it isn't there yet.

    Two processes that start at once agree on one file: it is linked into place complete, or not at all.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(make() + "\n")
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)
            except FileExistsError:
                # Another process was first: its key counts.
                return path.read_text(encoding="ascii").strip()
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


@cache
def _fernet() -> MultiFernet:
    chosen = configuration()
    keys = [key.reveal() for key in chosen.fernet_keys]
    if not keys:
        keys = [read_or_make(chosen.home / "encryption.key", lambda: Fernet.generate_key().decode("ascii"))]
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise ConfigurationProblem(
            "MAGEFERRY_ENCRYPTION_KEYS (or encryption.key in the home directory) holds something that isn't a "
            "Fernet key. Make one with: mageferry make-key"
        ) from None


def encrypt(secret: Secret) -> str:
    """The encrypted text to store."""
    return _fernet().encrypt(secret.reveal().encode("utf-8")).decode("ascii")


def decrypt(token: str) -> Secret:
    """The secret behind a stored text. Raises UnreadableSecret when no key fits."""
    try:
        return Secret(_fernet().decrypt(token.encode("ascii")).decode("utf-8"))
    except InvalidToken:
        raise UnreadableSecret from None
