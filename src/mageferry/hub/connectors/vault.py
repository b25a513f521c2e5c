"""Where a connector's admin token is kept: its own row, shared by all workers, renewed by one of them at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from mageferry.http.redaction import Secret
from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.work.connections import own_connection
from mageferry.hub.work.leases import waiting_for
from mageferry.magento.vault import Token

SIGN_IN_SECONDS = 90.0


class ConnectorVault:
    """A TokenVault over magento2_connector: the token and its expiration live in the row."""

    def __init__(self, connector_pk: int) -> None:
        self._pk = connector_pk

    @own_connection()
    def load(self) -> Token | None:
        fields = ("token", "token_obtained_at", "token_expires_at")
        text, obtained_at, expires_at = Magento2Connector.objects.values_list(*fields).get(pk=self._pk)
        if not text or obtained_at is None or expires_at is None:
            return None
        return Token(text, obtained_at, expires_at)

    @own_connection()
    def store(self, token: Token) -> None:
        Magento2Connector.objects.filter(pk=self._pk).update(
            token=token.text, token_obtained_at=token.obtained_at, token_expires_at=token.expires_at
        )

    @own_connection()
    def forget(self, token: Token) -> None:
        """Drop a refused token, unless another worker has replaced it already."""
        with transaction.atomic():
            rows = Magento2Connector.objects.select_for_update()
            if rows.get(pk=self._pk).token == token.text:
                rows.filter(pk=self._pk).update(token=Secret(""), token_expires_at=None)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Only one worker of all processes signs in at a time; the others wait here and then find its token."""
        with own_connection(), waiting_for(f"sign-in:{self._pk}", SIGN_IN_SECONDS):
            yield


class ConnectorCodeLog:
    """Which one-time code a connector used last: over all processes a code is used once."""

    def __init__(self, connector_pk: int) -> None:
        self._pk = connector_pk

    @own_connection()
    def claim(self, step: int) -> bool:
        """Take a time step; False when it, or a later one, was taken."""
        rows = Magento2Connector.objects.filter(pk=self._pk, totp_step__lt=step)
        return bool(rows.update(totp_step=step))
