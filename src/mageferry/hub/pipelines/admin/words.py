"""What the pages say of authentications and tokens."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.html import format_html, format_html_join

from mageferry.hub.pipelines.models import HttpToken
from mageferry.hub.pipelines.options import AUTHENTICATION_TYPES
from mageferry.hub.pipelines.trial import StoredToken


def title_of(type_name: str) -> str:
    """What a type of authentication is called."""
    kind = AUTHENTICATION_TYPES.get(type_name)
    return kind.title if kind is not None else type_name


def state_of(problems: list[str]) -> str:
    """Whether something can be used, and what keeps it from that."""
    if not problems:
        return "Ready."
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((each,) for each in problems)))


def told(tokens: Iterable[StoredToken | HttpToken]) -> str:
    """What is kept, in words."""
    texts = [
        f"since {each.obtained_at:%Y-%m-%d %H:%M} UTC, "
        + (f"until {each.expires_at:%Y-%m-%d %H:%M} UTC" if each.expires_at else "until it is refused")
        for each in tokens
    ]
    return "; ".join(texts) or "none"
