"""Activating an integration: the shop posts its keys to the hub, the hub fetches the access token.

    received (row, keys encrypted) -> unit of work -> request token -> access token -> one signed call -> stored

The old keys stay in use until the new ones have worked, and are replaced in one statement.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from mageferry.http import HttpClient, HttpConfig, Secret, Timeouts
from mageferry.hub.connectors.models import (
    ActivationStatus,
    Authentication,
    Magento2Activation,
    Magento2Connector,
)
from mageferry.hub.security.outbound import address_policy, environment_proxy
from mageferry.hub.work import ledger
from mageferry.hub.work.handling import handles
from mageferry.hub.work.ledger import Claim, Intent, Outcome
from mageferry.hub.work.models import Step, UnitStatus
from mageferry.magento import Endpoint, MagentoError, Transient
from mageferry.magento.handshake import Activation, IntegrationKeys, exchange, verify

EXCHANGE = "exchange_keys"
# oauth/consumer/expiration_period of the shop, by default.
VALID_SECONDS = 300
RETRY_SECONDS = 5.0


def receive(connector: Magento2Connector, body: bytes) -> Magento2Activation:
    """Keep what a shop posted to the connector's callback address, and the work to be done with it.

    Raises ConfigurationError when it is no activation, or one of another shop.
    """
    activation = Activation.parse(body)
    activation.check_shop(Endpoint.parse(connector.endpoint))
    with transaction.atomic():
        row = Magento2Activation.objects.create(
            connector=connector,
            consumer_key=activation.consumer_key.reveal()[:64],
            consumer_secret=activation.consumer_secret,
            verifier=activation.verifier,
            store_base_url=activation.store_base_url[:255],
            received_at=activation.received_at,
        )
        ledger.write_intents(
            [
                Intent(
                    EXCHANGE,
                    f"Keys of {connector.name}",
                    connector.key,
                    payload={"activation": row.pk},
                    priority=0,
                )
            ]
        )
    return row


@handles(EXCHANGE)
def exchange_keys(held: Claim) -> Outcome:
    """Exchange the posted keys for an access token and put it in place."""
    row = (
        Magento2Activation.objects.select_related("connector")
        .filter(pk=held.unit.payload["activation"])
        .first()
    )
    if row is None or row.status != ActivationStatus.RECEIVED:
        return ledger.skipped("The activation is gone or was dealt with already.")
    if held.sent_before:
        return _fail(row, "The exchange was cut off, and each token is given out once only.", _REAUTHORIZE)
    if timezone.now() - row.received_at > dt.timedelta(seconds=VALID_SECONDS):
        return _fail(row, "The activation came too long ago: the shop gives 300 seconds.", _REAUTHORIZE)
    activation = Activation(
        Secret(row.consumer_key), row.consumer_secret, row.verifier, row.store_base_url, row.received_at
    )
    connector = row.connector
    endpoint = Endpoint.parse(connector.endpoint)
    config = HttpConfig(
        verify=connector.verify_tls,
        timeouts=Timeouts(read_seconds=connector.timeout_seconds),
        addresses=address_policy(),
        proxy=environment_proxy(connector.endpoint),
    )
    ledger.record_step(held, Step.SENDING)
    with HttpClient(config) as client:
        try:
            keys = client.run(exchange(activation, endpoint))
            client.run(verify(keys, endpoint))
        except Transient as error:
            ledger.record_step(held, Step.INTENT)
            return ledger.retry(error.message, RETRY_SECONDS, error.remedy)
        except MagentoError as error:
            return _fail(row, error.message, error.remedy)
    return ledger.finished(lambda: _store(row, keys))


_REAUTHORIZE = "Click Reauthorize in System > Extensions > Integrations of the shop."


def _store(row: Magento2Activation, keys: IntegrationKeys) -> None:
    Magento2Connector.objects.filter(pk=row.connector_id).update(
        authentication=Authentication.OAUTH,
        consumer_key=keys.consumer_key.reveal(),
        consumer_secret=keys.consumer_secret,
        access_token=keys.access_token,
        access_token_secret=keys.access_token_secret,
        error="",
        remedy="",
    )
    _close(row, ActivationStatus.EXCHANGED)


def _fail(row: Magento2Activation, reason: str, remedy: str) -> Outcome:
    def record() -> None:
        _close(row, ActivationStatus.FAILED, reason, remedy)

    return Outcome(UnitStatus.FAILED, reason=reason, remedy=remedy, step=Step.INTENT, effect=record)


def _close(row: Magento2Activation, status: ActivationStatus, error: str = "", remedy: str = "") -> None:
    """What was posted is of no more use: only that it happened is kept."""
    Magento2Activation.objects.filter(pk=row.pk).update(
        status=status, error=error, remedy=remedy, consumer_secret=Secret(""), verifier=Secret("")
    )
