"""Where a shop's REST API is: every way users write it, and the URLs made from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from mageferry.magento.errors import ConfigurationError

_HOW_TO_WRITE: Final = (
    "Write the shop's base address, such as https://shop.example or https://shop.example/rest (a store view: "
    "https://shop.example/rest/eu_de/V1; a shop in a folder: https://example.com/shop/rest)."
)
_PATH = re.compile(
    r"(?P<folder>(?:/(?!rest(?:/|\Z))[A-Za-z0-9._~-]+)*?)(?P<front>/index\.php)?"
    r"(?P<rest>/rest(?:/(?!V\d+(?:/|\Z))(?P<store>[A-Za-z0-9_]+))?(?:/V1)?)?/?\Z"
)
_CALL = re.compile(r"/?(?:async/)?(?:bulk/)?V\d+/[^\s?#]*\Z")
_STORE_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`base` is everything before `/rest`; `store_code` the store view to speak for, None for the default."""

    base: str
    store_code: str | None = None

    @classmethod
    def parse(cls, text: str, store_code: str | None = None) -> Endpoint:
        """Read an endpoint as users write it. Raises ConfigurationError saying how to write it instead.

        `store_code` goes before the one in the text.
        """
        try:
            parts = urlsplit(text.strip())
            host, port = parts.hostname, parts.port
        except ValueError:
            raise _unusable("it is no web address") from None
        if parts.scheme.lower() not in ("http", "https") or not host or not re.fullmatch(r"[\w.:-]+", host):
            raise _unusable("it has to begin with https:// or http:// and a host name")
        if parts.username is not None or parts.password is not None:
            raise _unusable("user and password belong in their own fields")
        if parts.query or parts.fragment:
            raise _unusable("it must not have ? or #")
        match = _PATH.match(parts.path)
        if match is None or (match["folder"] and not match["rest"]):
            raise _unusable(f"the path {parts.path[:80]} is not that of a REST API")
        shown = f"[{host}]" if ":" in host else host
        base = f"{parts.scheme.lower()}://{shown}{f':{port}' if port else ''}"
        return cls(base + match["folder"] + (match["front"] or ""), _checked(store_code or match["store"]))

    def url(self, path: str, query: str = "", store_code: str | None = None) -> str:
        """The URL of a call such as `/V1/orders/15` or `/async/bulk/V1/products`; the query comes encoded."""
        if not _CALL.match(path):
            raise ValueError(
                f"{path!r} is no REST path: write /V1/..., percent-encoded, and the query apart from it"
            )
        code = _checked(store_code) or self.store_code
        store = f"/{code}" if code else ""
        return f"{self.base}/rest{store}/{path.lstrip('/')}{'?' if query else ''}{query}"


def _checked(store_code: str | None) -> str | None:
    if store_code and not _STORE_CODE.match(store_code):
        raise _unusable(f"{store_code[:40]!r} is no store code: letters, digits and _ only")
    return store_code or None


def _unusable(why: str) -> ConfigurationError:
    return ConfigurationError(f"The endpoint cannot be used: {why}", remedy=_HOW_TO_WRITE)


def segment(text: str) -> str:
    """One part of a path, encoded so that an article number may have `/`, `+`, `%` or blanks."""
    if not text or text in (".", ".."):
        raise ValueError(f"{text!r} cannot stand in an address")
    return quote(text, safe="")
