"""What a connector is told about a shop that differs from a standard Magento: checked here, read by shop and mapping.

Everything empty is the standard.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

from mageferry.http.redaction import Secret, is_secret_name
from mageferry.hub.trade.models import OrderStatus
from mageferry.magento.calls import Operations
from mageferry.magento.errors import ConfigurationError

if TYPE_CHECKING:
    from mageferry.hub.connectors.models import Magento2Connector

MAGENTO_STATES: Final = (
    "new", "pending_payment", "processing", "complete", "closed", "canceled", "holded", "payment_review",
)  # fmt: skip
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e]{0,4000}")
# What the client itself sends; another value would break the sign-in or the body.
_OWN_HEADERS: Final = frozenset(
    {
        "authorization", "host", "content-length", "content-type", "transfer-encoding", "connection", "accept",
        "accept-encoding", "cookie",
    }
)  # fmt: skip
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_TEMPLATE_TEXT: Final = re.compile(r"[A-Za-z0-9 _#/.-]*")
_PLACEHOLDERS: Final = ("account", "marketplace", "order")
_HEADERS_HINT: Final = 'Write a map of texts, like {"X-Channel": "hub"}'


def problems_of(connector: Magento2Connector) -> dict[str, str]:
    """What is wrong with the settings of a custom shop: field to words that say how to write it."""
    checks: dict[str, Callable[[], str]] = {
        "operations": lambda: _check_operations(connector.operations),
        "extra_headers": lambda: (
            _check_headers(connector.extra_headers) or _check_open(connector.extra_headers)
        ),
        "secret_headers": lambda: _check_headers(_secret_map(connector.secret_headers)),
        "export_status_map": lambda: _check_statuses(connector.export_status_map),
        "payment_method_map": lambda: _check_texts(connector.payment_method_map),
        "number_template": lambda: _check_template(connector),
    }
    for name in ("operations", "extra_headers", "export_status_map", "payment_method_map"):
        # A box that was emptied reads as None.
        setattr(connector, name, getattr(connector, name) or {})
    found = {name: check() for name, check in checks.items()}
    return {name: problem for name, problem in found.items() if problem}


def headers_of(connector: Magento2Connector) -> dict[str, str | Secret]:
    """Headers to send with each request; those that are secret stay secret. Raises ConfigurationError."""
    secret = _secret_map(connector.secret_headers)
    if problem := _check_headers(connector.extra_headers) or _check_headers(secret):
        raise ConfigurationError(f"The extra headers of {connector} can't be sent", remedy=problem)
    return {**connector.extra_headers, **{name: Secret(value) for name, value in secret.items()}}


def exported_state(connector: Magento2Connector, status: str, standard: tuple[str, str]) -> tuple[str, str]:
    """State and status in Magento of an order that is exported with this status of the hub."""
    entry = connector.export_status_map.get(status)
    if isinstance(entry, Mapping):
        return str(entry.get("state") or standard[0]), str(entry.get("status") or standard[1])
    return (standard[0], str(entry)) if entry else standard


def fill_template(template: str, *, account: str, marketplace: str, order: str) -> str:
    """The number of an order by a template that was checked."""
    return template.format(account=account, marketplace=marketplace, order=order)


def _check_operations(settings: Any) -> str:
    if not isinstance(settings, dict):
        return 'Write a map, like {"create_order": {"call": "POST /V1/acme/orders", "wrapper": "order"}}.'
    try:
        Operations.parse(settings)
    except ConfigurationError as error:
        return f"{error.message}. {error.remedy}"
    return ""


def _secret_map(secret: Secret) -> Any:
    try:
        return json.loads(secret.reveal()) if secret else {}
    except ValueError:
        return None


def _check_headers(headers: Any) -> str:
    """Never repeats a value: it may be a secret."""
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        return f"{_HEADERS_HINT}."
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            return f"The header {name!r:.70} has characters that no header may have. {_HEADERS_HINT}."
        if name.lower() in _OWN_HEADERS:
            return f"The header {name} is set by the hub itself: leave it out."
    return ""


def _check_open(headers: dict[str, str]) -> str:
    """Extra headers are shown to everybody who may see connectors."""
    secret = next((name for name in headers if is_secret_name(name)), "")
    return (
        f"{secret} looks like a secret: write it into the secret headers, which are never shown."
        if secret
        else ""
    )


def _check_statuses(statuses: Any) -> str:
    hint = 'Write like {"rfs": {"state": "processing", "status": "acme_open"}}, or {"rfs": "acme_open"}.'
    if not isinstance(statuses, dict):
        return hint
    for name, entry in statuses.items():
        if name not in OrderStatus.values:
            return f"{name!r:.40} is no status of the hub. They are: {', '.join(OrderStatus.values)}."
        parts = {"status": entry} if isinstance(entry, str) else entry
        if not isinstance(parts, dict) or not parts or set(parts) - {"state", "status"}:
            return hint
        if not all(isinstance(value, str) and 0 < len(value) <= 32 for value in parts.values()):
            return f"State and status are texts of 1 to 32 characters. {hint}"
        if parts.get("state", "new") not in MAGENTO_STATES:
            return f"{parts['state']!r} is no state of Magento. They are: {', '.join(MAGENTO_STATES)}."
    return ""


def _check_texts(texts: Any) -> str:
    fine = isinstance(texts, dict) and all(isinstance(value, str) and value for value in texts.values())
    return "" if fine else 'Write a map of texts, like {"card": "acme_card"}.'


def _check_template(connector: Magento2Connector) -> str:
    template = connector.number_template
    if connector.number_rule != "template" and not template:
        return ""
    example = "Write like {account}-{order}."
    names = _PLACEHOLDER.findall(template)
    if unknown := [name for name in names if name not in _PLACEHOLDERS]:
        return f"There is no {{{unknown[0]}}} to fill in. There are: {{account}}, {{marketplace}}, {{order}}."
    if names.count("order") != 1 or not {"account", "marketplace"} & set(names):
        return f"Each order needs a number of its own: {{order}} once, with {{account}} or {{marketplace}}. {example}"
    if not _TEMPLATE_TEXT.fullmatch(_PLACEHOLDER.sub("", template)):
        return f"Only letters, digits, blanks and _ # / . - may stand between the placeholders. {example}"
    return _check_collisions(connector)


def _check_collisions(connector: Magento2Connector) -> str:
    """Two accounts whose orders go to one store must not be able to make the same number."""
    if connector._state.adding:
        return ""
    rows = connector.sellers.filter(account__isnull=False).select_related("account__marketplace")
    by_store: dict[int, dict[str, tuple[str, str]]] = {}
    for row in rows:
        assert row.account is not None
        filled = fill_template(
            connector.number_template,
            account=row.account.code,
            marketplace=row.account.marketplace.code,
            order="\0",
        )
        before, _, after = filled.partition("\0")
        by_store.setdefault(row.store_id, {})[row.account.name] = (before, after)
    for store_id, frames in by_store.items():
        for (first, one), (second, other) in combinations(frames.items(), 2):
            if _may_meet(one, other):
                return (
                    f"Orders of {first} and of {second} could get the same number in store {store_id}. "
                    "Write {account} and a sign that no code has between it and {order}."
                )
    return ""


def _may_meet(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return _starts(one[0], other[0]) and _starts(one[1][::-1], other[1][::-1])


def _starts(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
