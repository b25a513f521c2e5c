"""What was so in the recorded shop while a stand-alone recording was made, and how the sandbox is brought there.

A recording's note names settings (`oauth/consumer/... = 1`, `complex_array_limit=3`) and the status of the
integration that signs (`integration.status=0`); what a note does not say, such as a database that is down, is
known by the recording's name. All of it holds for that recording only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from conformance.comparison import JSON_WEB_TOKEN
from conformance.player import Player, TokenOffice, read_claims, sent_credentials
from conformance.recordings import Credentials, Exchange, Recording
from mageferry.sandbox import Sandbox
from mageferry.sandbox.access import ADMIN, EVERYTHING
from mageferry.sandbox.faults import FaultKind
from mageferry.sandbox.settings import DEFAULTS

ORDERS_ONLY = "Magento_Sales::actions_view"
FAULTS = (
    (re.compile(r"maintenance"), FaultKind.MAINTENANCE),
    (re.compile(r"db_down"), FaultKind.DATABASE_DOWN),
    (re.compile(r"php_(memory|fatal)"), FaultKind.PHP_FATAL),
    (re.compile(r"bad_gateway|502"), FaultKind.BAD_GATEWAY),
)
_SETTING = re.compile(r"\b([\w/]+) ?= ?(\w+)")
_STATUS = re.compile(r"integration\.status=(\d)")
_SIGNER = re.compile(r'oauth_consumer_key="(\w+)"')
_REVOKED = re.compile(r"revoked_token|token_revoked|revoked\Z")
_ATTEMPT = re.compile(r"_attempt_(\d+)\Z")
TWO_FACTOR = "sandbox/twofactor/enabled"
FORCED_PROVIDERS = "twofactorauth/general/force_providers"


def add_people(sandbox: Sandbox, credentials: Credentials, recordings: list[Recording]) -> None:
    """The shop's users, and whoever signed in with success."""
    access = sandbox.shop.access
    for name, purpose in credentials.users.items():
        resources = frozenset({ORDERS_ONLY if "orders only" in purpose else EVERYTHING})
        active = "is_active 0" not in purpose
        access.add_account(name, credentials.password, resources=resources, active=active)
    for recording in recordings:
        for exchange in recording.exchanges:
            _add_signed_in(sandbox, exchange)


def _add_signed_in(sandbox: Sandbox, exchange: Exchange) -> None:
    pair = sent_credentials(exchange.request)
    if pair is None or exchange.answer is None or exchange.answer.status != 200:
        return
    token = JSON_WEB_TOKEN.search(exchange.answer.body)
    claims = read_claims(token[0]) if token and exchange.request.signs_in else None
    if claims is None:
        return
    if claims.kind != ADMIN:
        sandbox.control.add_customer_login(*pair)
        return
    minutes = (claims.expires_at - claims.issued_at) // 60
    account = sandbox.shop.access.find(pair[0])
    if account is None:
        sandbox.control.add_account(*pair, token_minutes=minutes)
    else:
        account.token_minutes = minutes


def add_integrations(sandbox: Sandbox, credentials: Credentials) -> None:
    """The shop's integrations with their keys; one named *limited* sees orders only."""
    desk = sandbox.control.integrations
    for keys in credentials.integrations:
        resources = (ORDERS_ONLY,) if "limited" in keys.name else (EVERYTHING,)
        pair = {"consumer_key": keys.consumer_key, "consumer_secret": keys.consumer_secret}
        desk.add(keys.name, resources=resources, **pair)
        if keys.access_token:
            desk.authorize(keys.name, token=keys.access_token, secret=keys.access_token_secret)


@contextmanager
def circumstances(
    player: Player, recording: Recording, credentials: Credentials, office: TokenOffice
) -> Iterator[None]:
    """The recorded shop's condition for this recording; afterwards everything is as before."""
    sandbox, name = player.sandbox, recording.name
    before = sandbox.control.settings()
    for path, value in _named_settings(recording):
        sandbox.control.set_setting(path, value)
    if recording.group == "twofactor":
        _demand_second_factor(sandbox, name, credentials)
    for pattern, kind in FAULTS:
        if pattern.search(name):
            sandbox.control.add_fault(kind)
    if _REVOKED.search(name):
        _revoke(player, recording, office)
    attempt = _ATTEMPT.search(name)
    if attempt:
        _fail_before(player, recording, int(attempt[1]))
    with _signer_status(sandbox, recording):
        yield
    sandbox.control.clear_faults()
    for path, value in before.items():
        sandbox.control.set_setting(path, value)


def _named_settings(recording: Recording) -> Iterator[tuple[str, str]]:
    """Settings that the note names by their whole path or its last part."""
    for text, value in _SETTING.findall(recording.note):
        path = next((known for known in DEFAULTS if f"/{known}".endswith(f"/{text}")), "")
        if path:
            yield path, value


def _demand_second_factor(sandbox: Sandbox, name: str, credentials: Credentials) -> None:
    sandbox.control.set_setting(TWO_FACTOR, "1")
    sandbox.control.set_setting(FORCED_PROVIDERS, "" if "no_provider" in name else "google")
    secret = "" if "not_activated" in name or "no_provider" in name else credentials.totp_secret
    sandbox.control.add_account("admin", credentials.password, totp_secret=secret)


def _revoke(player: Player, recording: Recording, office: TokenOffice) -> None:
    """The tokens of the one who asks stop working a second before: of a user, or of an integration that signs."""
    control = player.sandbox.control
    for exchange in recording.exchanges:
        signer = _SIGNER.search(exchange.request.authorization)
        entry = player.sandbox.shop.integrations.by_key(signer[1]) if signer else None
        if entry is not None:
            control.integrations.revoke(entry.name)
        token = JSON_WEB_TOKEN.search(exchange.request.authorization)
        claims = read_claims(token[0]) if token else None
        if claims and exchange.answer and exchange.answer.at:
            control.set_clock(exchange.answer.at - timedelta(seconds=1))
            control.revoke_tokens(office.username(claims.user_id, recording.title))


def _fail_before(player: Player, recording: Recording, number: int) -> None:
    """Attempts that are not among the recordings are made, so that this one is the Nth."""
    exchange = recording.exchanges[0]
    pair = sent_credentials(exchange.request)
    account = player.sandbox.shop.access.find(pair[0]) if pair else None
    while account is not None and account.failures < number - 1 and not account.locked_until:
        player.send(exchange.request, "")


@contextmanager
def _signer_status(sandbox: Sandbox, recording: Recording) -> Iterator[None]:
    wanted = _STATUS.search(recording.note)
    signer = _SIGNER.search(recording.exchanges[0].request.authorization) if recording.exchanges else None
    entry = sandbox.shop.integrations.by_key(signer[1]) if wanted and signer else None
    if wanted is None or entry is None:
        yield
        return
    with sandbox.control.lock:
        before, entry.status = entry.status, int(wanted[1])
        sandbox.shop.integrations.save(entry)
    yield
    with sandbox.control.lock:
        entry.status = before
        sandbox.shop.integrations.save(entry)
