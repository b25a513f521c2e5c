"""Where a connector's admin token is kept: its own row, shared by all workers, renewed by one of them at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from mageferry.http.redaction import Secret
from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.work.leases import LeaseHeld, acquire
from mageferry.magento.vault import Token

SIGN_IN_SECONDS = 90.0
LOOK_AGAIN_SECONDS = 0.1


@contextmanager
def _own_connection() -> Iterator[None]:
    """The client's reading threads come here too: a database connection that a call opened ends with it."""
    was_open = connection.connection is not None
    try:
        yield
    finally:
        if not was_open:
            connection.close()


class ConnectorVault:
    """A TokenVault over magento2_connector: the token and its expiration live in the row."""

    def __init__(self, connector_pk: int) -> None:
        self._pk = connector_pk

    @_own_connection()
    def load(self) -> Token | None:
        fields = ("token", "token_obtained_at", "token_expires_at")
        text, obtained_at, expires_at = Magento2Connector.objects.values_list(*fields).get(pk=self._pk)
        if not text or obtained_at is None or expires_at is None:
            return None
        return Token(text, obtained_at, expires_at)

    @_own_connection()
    def store(self, token: Token) -> None:
        Magento2Connector.objects.filter(pk=self._pk).update(
            token=token.text, token_obtained_at=token.obtained_at, token_expires_at=token.expires_at
        )

    @_own_connection()
    def forget(self, token: Token) -> None:
        """Drop a refused token, unless another worker has replaced it already."""
        with transaction.atomic():
            rows = Magento2Connector.objects.select_for_update()
            if rows.get(pk=self._pk).token == token.text:
                rows.filter(pk=self._pk).update(token=Secret(""), token_expires_at=None)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Only one worker of all processes signs in at a time; the others wait here and then find its token."""
        deadline = time.monotonic() + SIGN_IN_SECONDS
        with _own_connection():
            while True:
                try:
                    lease = acquire(f"sign-in:{self._pk}", SIGN_IN_SECONDS)
                    break
                except LeaseHeld:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(LOOK_AGAIN_SECONDS)
            try:
                yield
            finally:
                lease.release()


class ConnectorCodeLog:
    """Which one-time code a connector used last: over all processes a code is used once."""

    def __init__(self, connector_pk: int) -> None:
        self._pk = connector_pk

    @_own_connection()
    def claim(self, step: int) -> bool:
        """Take a time step; False when it, or a later one, was taken."""
        rows = Magento2Connector.objects.filter(pk=self._pk, totp_step__lt=step)
        return bool(rows.update(totp_step=step))
