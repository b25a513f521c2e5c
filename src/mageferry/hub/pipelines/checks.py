"""What can be wrong with the fields of a client, in words. Each check raises ValueError."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

from mageferry.http.errors import InvalidRequest
from mageferry.http.plugins.base_uri import BaseUri
from mageferry.http.plugins.expect import StatusRanges
from mageferry.http.redaction import Secret, redact_url
from mageferry.hub.security.encryption import UnreadableSecret


def check_base_uri(text: str) -> None:
    """An address, without secrets in it; one with placeholders is looked at when they are filled."""
    if not text:
        return
    if redact_url(text) != text:
        raise ValueError("The address has a user or a secret in it: enter that as an authentication.")
    if "{" in text:
        return
    try:
        BaseUri(text)
    except InvalidRequest as error:
        raise ValueError(f"{error.message}. {error.remedy}") from None


def check_statuses(text: str) -> None:
    """Ranges of statuses, at least one."""
    if not StatusRanges.parse(text).ranges:
        raise ValueError("Name the expected statuses, such as 200-299.")


def check_certificates(text: str) -> None:
    """PEM text of certificates."""
    if not text.strip():
        return
    try:
        ssl.create_default_context(cadata=text)
    except (ssl.SSLError, ValueError):
        raise ValueError(
            "No certificates could be read: paste them as PEM text, with the BEGIN and END lines."
        ) from None


def check_proxy(proxy: Secret | str) -> None:
    """The address of a proxy."""
    try:
        text = (proxy if isinstance(proxy, Secret) else Secret(proxy)).reveal()
    except UnreadableSecret:
        return
    parts = urlsplit(text)
    if text and "{" not in text and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError("Write the proxy as http://host:port, or http://user:password@host:port.")
