"""Body formats: what ``Accept`` and ``Content-Type`` choose, JSON and XML in and out, and the HTML error
pages.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from html import escape
from xml.etree import ElementTree

from mageferry.sandbox.php import Value, to_string
from mageferry.sandbox.refusals import Refusal

_RENDERERS = {
    "*/*": "json",
    "application/json": "json",
    "text/xml": "xml",
    "application/xml": "xml",
    "application/xhtml+xml": "xml",
}
_PARSERS = {
    "application/json": "json",
    "application/xml": "xml",
    "application/xhtml+xml": "xml",
    "text/xml": "xml",
}
_MEDIA_TYPE = re.compile(r"([0-9a-z*+\-]+)(?:/([0-9a-z*+\-.]+))?\Z", re.IGNORECASE)
_WHOLE_FLOAT = re.compile(r"\.0[,}\]]")
_CONTENT_TYPE = re.compile(r"([a-zA-Z\d/\-+.]+)(?:; *charset=(.+))?\Z")


def choose_renderer(accept: str | None) -> str | None:
    """``json`` or ``xml``; None when no renderer fits, which crashes Magento before it reads anything
    else.
    """
    for accepted in _accepted_types(accept or ""):
        for offered, renderer in _RENDERERS.items():
            if accepted in (offered, offered.partition("/")[0] + "/*", "*/*"):
                return renderer if accepted != "*/*" else "json"
            if accepted == offered:
                return renderer
    return None


def _accepted_types(accept: str) -> list[str]:
    ranked: list[tuple[str, str]] = []
    for definition in re.split(r",\s*", accept):
        name, *options = definition.split(";")
        if _MEDIA_TYPE.match(name.strip()):
            quality = options[0].partition("=")[2] if options else ""
            ranked.append((quality or "1.0", name.strip()))
    ranked.sort(key=lambda entry: entry[0], reverse=True)
    return [name for _, name in ranked] or ["*/*"]


def parse_body(content: bytes, content_type: str | None) -> Value:
    """The body as a PHP value. Nothing is read from an empty body. Raises Refusal (400)."""
    if content in (b"", b"0"):
        return {}
    parser = _choose_parser(content_type)
    return _decode_json(content) if parser == "json" else _decode_xml(content)


def _choose_parser(content_type: str | None) -> str:
    if not content_type:
        raise Refusal(400, "Content-Type header is empty.")
    match = _CONTENT_TYPE.match(content_type)
    if not match:
        raise Refusal(400, "Content-Type header is invalid.")
    if match[2] is not None and match[2].lower() != "utf-8":
        raise Refusal(400, "UTF-8 is the only supported charset.")
    parser = _PARSERS.get(match[1])
    if parser is None:
        raise Refusal(400, f"Server cannot understand Content-Type HTTP header media type {match[1]}")
    return parser


def _refuse_constant(name: str) -> Value:
    raise ValueError(f"{name} is not JSON")


def _decode_json(content: bytes) -> Value:
    try:
        value: Value = json.loads(
            content.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_parse_float
        )
        if b"\\u" in content:
            # Half of a surrogate pair is no text: encoding it fails, as PHP's json_decode does.
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Refusal(400, "Decoding error.") from None
    return value


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is out of range")
    return number


def _decode_xml(content: bytes) -> Value:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise Refusal(400, "Decoding error.")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError:
        raise Refusal(400, "Decoding error.") from None
    return _element_value(root)


def _element_value(element: ElementTree.Element) -> Value:
    children = list(element)
    if not children:
        return element.text or ""
    tags = [child.tag for child in children]
    if tags[0] == "item" or len(set(tags)) < len(tags):
        return [_element_value(child) for child in children]
    return {child.tag: _element_value(child) for child in children}


def encode_json(value: Value) -> str:
    """JSON as PHP's ``json_encode`` writes it: slashes and non-ASCII escaped, an empty array always
    ``[]``.
    """
    text = _dump(value)
    # The walk over the whole tree costs more than the encoding, and few answers need it.
    if "{}" in text or _WHOLE_FLOAT.search(text):
        text = _dump(_as_php(value))
    return text.replace("/", "\\/")


def _dump(value: Value) -> str:
    return json.dumps(value, separators=(",", ":"), check_circular=False)


def _as_php(value: Value) -> Value:
    """Empty maps as empty lists, whole floats as integers."""
    if isinstance(value, dict):
        return {key: _as_php(item) for key, item in value.items()} or []
    if isinstance(value, list):
        return [_as_php(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def encode_xml(value: Value) -> str:
    """The answer as ``<response>``; list members are ``<item>``."""
    lines = ['<?xml version="1.0"?>', *_xml_lines("response", value, "")]
    return "\n".join(lines) + "\n"


def _xml_lines(tag: str, value: Value, indent: str) -> Iterable[str]:
    members = list(value.items()) if isinstance(value, dict) else []
    if isinstance(value, list):
        members = [("item", item) for item in value]
    if members:
        yield f"{indent}<{tag}>"
        for name, item in members:
            yield from _xml_lines(_xml_name(name), item, indent + "  ")
        yield f"{indent}</{tag}>"
        return
    text = _xml_text(value)
    yield f"{indent}<{tag}>{text}</{tag}>" if text else f"{indent}<{tag}/>"


def _xml_name(name: str) -> str:
    cleaned = re.sub(r"[^\w.-]", "_", name)
    return cleaned if re.match(r"[A-Za-z_]", cleaned) else f"item_{cleaned}"


def _xml_text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(to_string(value), quote=False) if not isinstance(value, list | dict) else ""


def error_page(base_url: str, record: str) -> str:
    """Magento's HTML 500 page with its error log record number."""
    heading = "There has been an error processing your request"
    return _page(
        base_url,
        heading,
        f"<h1>{heading}</h1>\n    <p><em>Exception printing is disabled by default for security reasons.</em>"
        f"</p>\n\n    <p>Error log record number: {record}</p>",
    )


def maintenance_page(base_url: str) -> str:
    """Magento's HTML 503 page."""
    return _page(
        base_url,
        "Error 503: Service Unavailable",
        "<h1>Service Temporarily Unavailable</h1>\n<p>\n    The server is temporarily unable to service your "
        "request due to maintenance downtime or capacity problems.\n    Please try again later.\n</p>",
    )


def _page(base_url: str, title: str, content: str) -> str:
    base = escape(f"{base_url}/errors/default/").replace(":", "&#x3A;").replace("/", "&#x2F;")
    return (
        '<!doctype html>\n<html xmlns="http://www.w3.org/1999/xhtml" >\n<head>\n'
        f'    <title>{title}</title>\n    <base href="{base}" />\n'
        '    <meta http-equiv="Content-Type" content="text/html; charset=utf-8" />\n'
        '    <meta name="robots" content="*"/>\n'
        '    <link rel="stylesheet" href="css/styles.css" type="text/css" />\n'
        '    <link rel="icon" href="images/favicon.ico" type="image/x-icon" />\n'
        '    <link rel="shortcut icon" href="images/favicon.ico" type="image/x-icon" />\n</head>\n<body>\n'
        f'    <main class="page-main">\n        \n{content}\n    </main>\n</body>\n</html>\n'
    )
