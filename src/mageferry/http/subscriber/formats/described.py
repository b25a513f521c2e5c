"""How answers and deliveries are written, as data."""

from __future__ import annotations

from mageferry.http.config import Description
from mageferry.http.config.fields import option
from mageferry.http.subscriber.fitting import SettingsDescription
from mageferry.http.subscriber.formats.decoding import AnswerFormat, Format
from mageferry.http.subscriber.formats.limits import Limits
from mageferry.http.subscriber.formats.markup import Markup
from mageferry.http.subscriber.formats.table import Table


class TableDescription(SettingsDescription):
    """How a table (CSV, TSV) is written."""

    place = "table"

    delimiter: str = option(",", "Delimiter", "One character, such as ; or a tab.")
    quote: str = option('"', "Quote", "One character; empty when fields are never quoted.")
    header: bool = option(True, "Header", "The first row names the columns.")
    columns: tuple[str, ...] = option((), "Columns", "Their names, without a header or in place of it.")
    encoding: str = option("", "Encoding", "Such as cp1252; empty: as the server says, else UTF-8.")

    def build(self) -> Table:
        return Table(**dict(self))


class MarkupDescription(SettingsDescription):
    """How XML becomes data."""

    place = "markup"

    namespaces: dict[str, str] = option(
        dict, "Namespaces", "Prefix -> URI: names of these are written prefix:name, others without prefix."
    )
    lists: tuple[str, ...] = option((), "Lists", "Elements that are a list also when there is only one.")

    def build(self) -> Markup:
        return Markup(**dict(self))


_STANDARD = Limits()


class LimitsDescription(Description):
    """How much is taken at a time."""

    body_bytes: int = option(_STANDARD.body_bytes, "Bytes", "Decompressed; more is not even received.", ge=1)
    depth: int = option(_STANDARD.depth, "Depth", "Levels of nesting.", ge=1)
    items: int = option(_STANDARD.items, "Items", "Of one page or delivery.", ge=1)
    elements: int = option(_STANDARD.elements, "XML elements", ge=1)

    def build(self) -> Limits:
        return Limits(**dict(self))


class FormatDescription(Description):
    """How what comes is written, and how much of it is taken."""

    format: Format = option(Format.AUTO, "Format", "auto: by the content type.")
    table: TableDescription = option(TableDescription, "Table", "For CSV and TSV.")
    markup: MarkupDescription = option(MarkupDescription, "XML")
    limits: LimitsDescription = option(LimitsDescription, "Limits")

    def written(self) -> AnswerFormat:
        """The format itself."""
        return AnswerFormat(self.format, self.table.build(), self.markup.build(), self.limits.build())
