"""From the bytes of an answer to data: JSON, XML, tables (CSV, TSV) and forms, each within limits."""

from mageferry.http.subscriber.formats.decoding import AnswerFormat, Document, Format, Rows, decode
from mageferry.http.subscriber.formats.limits import Limits
from mageferry.http.subscriber.formats.markup import Markup
from mageferry.http.subscriber.formats.table import Table

__all__ = ["AnswerFormat", "Document", "Format", "Limits", "Markup", "Rows", "Table", "decode"]
