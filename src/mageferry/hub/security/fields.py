"""A model field for secrets: encrypted in the database, a `Secret` without a display path in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.lookups import Exact

from mageferry.http.redaction import Secret
from mageferry.hub.security.encryption import UnreadableSecret, decrypt, encrypt

if TYPE_CHECKING:
    _TextField = models.Field[Any, Any]
    _Exact = Exact[Any]
else:
    _TextField = models.TextField
    _Exact = Exact


class UnreadableStored(Secret):
    """A stored secret whose key is missing: there is something, but nobody here can read it."""

    __slots__ = ("stored",)

    def __init__(self, stored: str) -> None:
        super().__init__(stored)
        self.stored = stored

    def reveal(self) -> str:
        """Raises UnreadableSecret: what is stored can't be used."""
        raise UnreadableSecret


class SecretField(_TextField):
    """Text that is encrypted at rest. Reads as `Secret` (empty when nothing is stored).

    A value that can't be decrypted reads as an `UnreadableStored` secret, so that a lost key doesn't make every
    page fail, and is written back as it was: saving a record never destroys what another key can still read.

    Of queries it knows one: `field=""`, nothing is stored. The same text is encrypted otherwise each time.
    """

    description = "encrypted text"

    def from_db_value(self, value: str | None, expression: object, connection: BaseDatabaseWrapper) -> Secret:
        if not value:
            return Secret("")
        try:
            return decrypt(value)
        except UnreadableSecret:
            return UnreadableStored(value)

    def to_python(self, value: object) -> Secret:
        if isinstance(value, Secret):
            return value
        return Secret("" if value is None else str(value))

    def get_prep_value(self, value: object) -> str:
        if isinstance(value, UnreadableStored):
            return value.stored
        secret = self.to_python(value)
        return encrypt(secret) if secret.reveal() else ""

    def value_to_string(self, obj: models.Model) -> str:
        # Serialisers (dumpdata, exports) must never carry a secret.
        return ""

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "exact":
            return _IsEmpty
        raise TypeError(f"{self.name} is encrypted and can't be searched.")


class _IsEmpty(_Exact):
    def get_prep_lookup(self) -> str:
        if self.rhs != "":
            raise TypeError(f"{self.lhs.output_field.name} is encrypted and can't be searched.")
        return ""
