"""Which format an answer has, and its decoding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from enum import StrEnum
from typing import Any

from mageferry.http.subscriber.errors import EntityError, TooLarge, UnreadableAnswer
from mageferry.http.subscriber.formats.limits import Limits
from mageferry.http.subscriber.formats.markup import Markup, decode_xml
from mageferry.http.subscriber.formats.plain import decode_form, decode_json
from mageferry.http.subscriber.formats.table import Table, decode_table


class Format(StrEnum):
    """How an answer is written; AUTO goes by its content type."""

    AUTO = "auto"
    JSON = "json"
    XML = "xml"
    CSV = "csv"
    TSV = "tsv"
    FORM = "form"

    @property
    def is_table(self) -> bool:
        return self in (Format.CSV, Format.TSV)


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """How answers are read."""

    kind: Format = Format.JSON
    table: Table = field(default_factory=Table)
    markup: Markup = field(default_factory=Markup)
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Document:
    """A whole answer as data."""

    data: Any


@dataclass(frozen=True, slots=True)
class Rows:
    """A table whose rows are read as they are asked for; one that cannot be used is an error among them."""

    rows: Iterator[dict[str, Any] | EntityError]


def decode(content: bytes, content_type: str, settings: AnswerFormat) -> Document | Rows:
    """Read an answer. `content_type` as the header has it. Raises UnreadableAnswer and TooLarge."""
    limits = settings.limits
    if len(content) > limits.body_bytes:
        raise TooLarge(
            f"What came is larger than {limits.body_bytes:,} bytes",
            remedy="Ask for less at a time, or raise limits.body_bytes.",
        )
    media_type, charset = _parsed_type(content_type)
    match _chosen(settings.kind, media_type, content):
        case Format.XML:
            return Document(decode_xml(content, charset, settings.markup, limits))
        case Format.CSV:
            return Rows(decode_table(content, charset, settings.table, limits))
        case Format.TSV:
            return Rows(decode_table(content, charset, settings.table.with_tabs(), limits))
        case Format.FORM:
            return Document(decode_form(content, charset, limits))
        case _:
            return Document(decode_json(content, charset, limits))


def _parsed_type(content_type: str) -> tuple[str, str]:
    """Media type and charset."""
    header = Message()
    header["Content-Type"] = " ".join(content_type.split())
    return header.get_content_type() if content_type.strip() else "", header.get_content_charset("")


def _chosen(kind: Format, media_type: str, content: bytes) -> Format:
    if kind is not Format.AUTO:
        return kind
    if media_type.endswith(("/json", "+json")) or content.lstrip()[:1] in (b"{", b"["):
        return Format.JSON
    if media_type.endswith(("/xml", "+xml")):
        return Format.XML
    known = {
        "text/csv": Format.CSV,
        "application/csv": Format.CSV,
        "text/tab-separated-values": Format.TSV,
        "application/x-www-form-urlencoded": Format.FORM,
    }
    if media_type in known:
        return known[media_type]
    raise UnreadableAnswer(
        f"The content type {media_type[:60]!r} is none that can be read"
        if media_type
        else "The answer does not name its content type",
        remedy="Choose the format in the settings.",
    )
