"""Tables: CSV and TSV, read row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mageferry.http.subscriber.errors import EntityError, Place, TooLarge, UnreadableAnswer, WrongSettings
from mageferry.http.subscriber.formats.limits import Limits, decoded_text, encoding_of

_MOST_COLUMNS = 10_000


@dataclass(frozen=True, slots=True)
class Table:
    """How a table is written.

    `header`: the first row names the columns. `columns`: the names, when there is no header, or other names than
    it has; without both they are `column_1`, `column_2`... `quote`: empty when fields are never quoted.
    `encoding`: empty takes the byte order mark, then what the server says, then UTF-8.
    """

    delimiter: str = ","
    quote: str = '"'
    header: bool = True
    columns: tuple[str, ...] = ()
    encoding: str = ""

    def __post_init__(self) -> None:
        if len(self.delimiter) != 1 or self.delimiter in "\r\n":
            raise WrongSettings("table.delimiter", "must be one character", remedy="Such as , or ; or a tab.")
        if len(self.quote) > 1 or self.quote == self.delimiter:
            raise WrongSettings("table.quote", "must be one character other than the delimiter, or empty")
        if len(set(self.columns)) != len(self.columns):
            raise WrongSettings("table.columns", "a name is there twice")

    def with_tabs(self) -> Table:
        """The same with tabs, unless a delimiter of its own was chosen."""
        return replace(self, delimiter="\t") if self.delimiter == "," else self


def decode_table(
    content: bytes, charset: str, table: Table, limits: Limits
) -> Iterator[dict[str, Any] | EntityError]:
    """Rows as objects of texts, as they are asked for; a row with too few or too many fields is an EntityError.

    Raises UnreadableAnswer with the line for wrong quoting, a wrong header and wrong encoding: nobody knows
    where rows begin behind that. Empty lines are left out.
    """
    encoding = encoding_of(content, table.encoding or charset)
    records = _records(content, encoding, table)
    columns = _columns(records, table)
    for count, (line, row) in enumerate(records, 1):
        if columns is None:
            columns = tuple(f"column_{number}" for number in range(1, len(row) + 1))
        limits.check_items(count)
        yield _as_object(columns, row, line)


def _columns(records: Iterator[tuple[int, list[str]]], table: Table) -> tuple[str, ...] | None:
    if not table.header:
        return table.columns or None
    line, names = next(records, (1, []))
    if table.columns:
        return table.columns
    given = tuple(name.strip() or f"column_{number}" for number, name in enumerate(names, 1))
    twice = (
        next((name for name in given if given.count(name) > 1), None) if len(given) < _MOST_COLUMNS else ""
    )
    if twice is not None:
        raise UnreadableAnswer(
            f"The header names the column {twice[:60]!r} twice"
            if twice
            else "The header has too many columns",
            remedy="Give the names of the columns in the settings (table.columns).",
            place=Place(line=line),
        )
    return given


def _as_object(columns: Sequence[str], row: list[str], line: int) -> dict[str, Any] | EntityError:
    if len(row) != len(columns):
        return EntityError(
            f"The row has {len(row)} fields, the table {len(columns)} columns",
            remedy="Check table.delimiter and table.quote; a delimiter within a field needs quotes around the field.",
            place=Place(line=line),
        )
    return dict(zip(columns, row, strict=True))


def _records(content: bytes, encoding: str, table: Table) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line it begins in."""
    with io.TextIOWrapper(io.BytesIO(content), encoding, newline="") as lines:
        reader = csv.reader(
            lines,
            delimiter=table.delimiter,
            quotechar=table.quote or None,
            quoting=csv.QUOTE_MINIMAL if table.quote else csv.QUOTE_NONE,
            strict=True,
        )
        while True:
            line = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise _malformed(error, line, reader.line_num, table) from None
            except UnicodeError:
                decoded_text(content, encoding)  # knows the line
                raise UnreadableAnswer(
                    f"The table is no {encoding} text", remedy="Name the encoding that is really used."
                ) from None
            if row:
                yield line, row


def _malformed(error: csv.Error, line: int, last_line: int, table: Table) -> UnreadableAnswer:
    begun = f"; the record begins in line {line}" if last_line > line else ""
    text = str(error)
    if "field larger" in text:
        return TooLarge(
            f"A field is longer than {csv.field_size_limit():,} characters{begun}",
            remedy=f"Probably a quote ({table.quote}) is opened and never closed: check table.quote.",
            place=Place(line=last_line or line),
        )
    wrong = "a quote is opened and never closed" if "end of data" in text else text
    return UnreadableAnswer(
        f"The table cannot be read: {wrong}{begun}",
        remedy="Within a quoted field a quote is written twice; check table.delimiter and table.quote.",
        place=Place(line=last_line or line),
    )
