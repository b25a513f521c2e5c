"""Bodies: from a filled structure to bytes and their content type."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote_plus
from xml.etree import ElementTree

import httpx2

from mageferry.http.config import Description
from mageferry.http.config.fields import option
from mageferry.http.encoding import flattened
from mageferry.http.errors import InvalidRequest
from mageferry.http.json_text import json_bytes
from mageferry.http.placeholders import as_text


class BodyType(StrEnum):
    """How a body is written."""

    JSON = "json"
    XML = "xml"
    FORM = "form"
    MULTIPART = "multipart"
    CSV = "csv"
    RAW = "raw"


class CsvOptions(Description):
    """How lines of a CSV body are written."""

    delimiter: str = option(
        ",", "Delimiter", "One character.", min_length=1, max_length=1, pattern=r'[^"\r\n]'
    )
    header: bool = option(True, "Header", "The first line has the names of the columns.")
    columns: tuple[str, ...] = option((), "Columns", "Names in their order; empty: those of the first row.")


type Body = tuple[bytes, str]

_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


def pruned(value: Any) -> Any:
    """The value without empty nodes (null, "", [], {}) at any depth; 0 and false stay."""
    if isinstance(value, Mapping):
        kept = {name: pruned(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in _EMPTY}
    if isinstance(value, list | tuple):
        return [item for item in map(pruned, value) if item not in _EMPTY]
    return value


def encode(content: Any, kind: BodyType, table: CsvOptions) -> Body:
    """The body and its content type. Raises InvalidRequest for what cannot be written this way."""
    try:
        return _csv(content, table) if kind is BodyType.CSV else _ENCODERS[kind](content)
    except (TypeError, ValueError, RecursionError, csv.Error) as error:
        known = str(error) if isinstance(error, _Unfit) else "it holds a value that has no form there"
        raise InvalidRequest(
            f"The body cannot be written as {_NAMES[kind]}: {known}", remedy=_REMEDIES[kind]
        ) from None


class _Unfit(ValueError):
    """A structure that this body type has no form for; the text never quotes data."""


_NAMES: Final = {
    BodyType.JSON: "JSON",
    BodyType.XML: "XML",
    BodyType.FORM: "a form",
    BodyType.MULTIPART: "a form of several parts",
    BodyType.CSV: "CSV",
    BodyType.RAW: "text",
}
_REMEDIES: Final = {
    BodyType.JSON: "Use texts, numbers, lists and objects.",
    BodyType.XML: 'Write {"order": {"@id": "1", "item": [...], "#text": "..."}}: one root, names as XML has them.',
    BodyType.FORM: 'Write an object: {"name": "value"}.',
    BodyType.MULTIPART: 'Write an object: {"name": "value", "file": {"filename": "a.pdf", "base64": "..."}}.',
    BodyType.CSV: "Write a list of objects, or of lists.",
    BodyType.RAW: "Write one text.",
}


def _json(content: Any) -> Body:
    return json_bytes(content), "application/json"


def _form(content: Any) -> Body:
    if not isinstance(content, Mapping):
        raise _Unfit("it is no object")
    pairs = (f"{quote_plus(name)}={quote_plus(value)}" for name, value in flattened(content))
    return "&".join(pairs).encode(), "application/x-www-form-urlencoded"


def _raw(content: Any) -> Body:
    if isinstance(content, Mapping | list):
        raise _Unfit("it is no text")
    return as_text(content).encode(), "text/plain; charset=utf-8"


def _multipart(content: Any) -> Body:
    if not isinstance(content, Mapping) or not content:
        raise _Unfit("it is no object with parts")
    parts = [(str(name), _part(value)) for name, value in content.items() if value is not None]
    request = httpx2.Request("POST", "http://localhost/", files=parts)
    return request.read(), request.headers["content-type"]


def _part(value: Any) -> tuple[str | None, bytes] | tuple[str | None, bytes, str]:
    """A part as the wire layer takes it: file name, content, content type."""
    if not isinstance(value, Mapping):
        return None, as_text(value).encode()
    if unknown := set(value) - {"filename", "content", "base64", "content_type"}:
        raise _Unfit(f"a part has no {sorted(map(str, unknown))[0]!r}")
    content = as_text(value.get("content")).encode()
    if "base64" in value:
        try:
            content = base64.b64decode(as_text(value["base64"]), validate=True)
        except (binascii.Error, ValueError):
            raise _Unfit("the base64 of a part is none") from None
    filename = as_text(value["filename"]) if value.get("filename") else None
    if value.get("content_type"):
        kind = as_text(value["content_type"])
        if not kind.isascii() or any(char in "\r\n" for char in kind):
            raise _Unfit("the content type of a part is none")
        return filename, content, kind
    return filename, content


def _csv(content: Any, table: CsvOptions) -> Body:
    rows = content if isinstance(content, list) else [content]
    columns: Sequence[str] = table.columns
    objects = [row for row in rows if isinstance(row, Mapping)]
    if len(objects) not in (0, len(rows)) or not all(isinstance(row, Mapping | list) for row in rows):
        raise _Unfit("its rows are not all objects, or all lists")
    if objects and not columns:
        columns = [str(name) for name in objects[0]]
        if any(set(row) - set(columns) for row in objects):
            raise _Unfit("a row has a column that the first one has not")
    written = io.StringIO()
    writer = csv.writer(written, delimiter=table.delimiter, lineterminator="\r\n")
    if table.header and columns:
        writer.writerow(columns)
    for row in rows:
        cells = [row.get(name) for name in columns] if isinstance(row, Mapping) else row
        writer.writerow([as_text(cell) for cell in cells])
    return written.getvalue().encode(), "text/csv; charset=utf-8"


_XML_NAME = re.compile(r"[A-Za-z_][\w.-]*(:[A-Za-z_][\w.-]*)?\Z")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _xml(content: Any) -> Body:
    if isinstance(content, str):
        return xml_checked(content).encode(), "application/xml; charset=utf-8"
    if not isinstance(content, Mapping) or len(content) != 1:
        raise _Unfit("it has not one root")
    (name, value) = next(iter(content.items()))
    if isinstance(value, list):
        raise _Unfit("it has not one root")
    root = ElementTree.Element(_xml_name(name))
    _fill_element(root, value)
    return ElementTree.tostring(
        root, encoding="utf-8", xml_declaration=True
    ), "application/xml; charset=utf-8"


def _fill_element(element: ElementTree.Element, value: Any) -> None:
    if not isinstance(value, Mapping):
        element.text = xml_checked(as_text(value))
        return
    for name, item in value.items():
        if name == "#text":
            element.text = xml_checked(as_text(item))
        elif str(name).startswith("@"):
            element.set(_xml_name(str(name)[1:]), xml_checked(as_text(item)))
        else:
            for each in _elements(item):
                _fill_element(ElementTree.SubElement(element, _xml_name(name)), each)


def _elements(item: Any) -> Iterator[Any]:
    """What an entry becomes: a list one element each, anything else one."""
    if not isinstance(item, list):
        yield item
        return
    for each in item:
        if isinstance(each, list):
            raise _Unfit("a list stands directly within a list")
        yield each


def _xml_name(name: Any) -> str:
    if not _XML_NAME.match(str(name)):
        raise _Unfit("a name is no name of XML")
    return str(name)


def xml_checked(text: str) -> str:
    """The text, when XML can carry all its characters. Raises ValueError."""
    if _NO_XML.search(text):
        raise _Unfit("a text has a character that XML cannot carry")
    return text


_ENCODERS: Final[Mapping[BodyType, Callable[[Any], Body]]] = {
    BodyType.JSON: _json,
    BodyType.XML: _xml,
    BodyType.FORM: _form,
    BodyType.MULTIPART: _multipart,
    BodyType.RAW: _raw,
}
