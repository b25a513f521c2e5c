"""How much of an answer is taken, and the characters that it is written in."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Any

from mageferry.http.subscriber.errors import Place, TooLarge, UnreadableAnswer, WrongSettings

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # Before UTF-16, whose mark it begins with.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Python also calls encodings what makes no text (zlib), or takes very long for some (idna).
_CHARACTERS = re.compile(
    r"utf-(8|16|32)|ascii$|iso|cp\d|latin|koi8|mac[-_]|big5|gb|hz$|euc|shift_jis|johab|tis", re.IGNORECASE
)
BYTE_ORDER_MARKS = tuple(mark for mark, _ in _MARKS)


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one answer: its bytes (decompressed), how deep it is nested, how many items and XML elements it has."""

    body_bytes: int = 32 * 1024 * 1024
    depth: int = 64
    items: int = 100_000
    elements: int = 2_000_000

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise WrongSettings(f"limits.{name}", "must be more than 0")

    def check_items(self, count: int) -> None:
        """Raises TooLarge for more items than allowed."""
        if count > self.items:
            raise TooLarge(
                f"The answer has more than {self.items:,} items",
                remedy="Ask for less at a time (a smaller page), or raise limits.items.",
            )

    def check_depth(self, depth: int, line: int | None = None) -> None:
        """Raises TooLarge for deeper nesting than allowed."""
        if depth > self.depth:
            raise TooLarge(
                f"The answer is nested deeper than {self.depth} levels",
                remedy="Look at what answers; raise limits.depth if that is meant.",
                place=Place(line=line),
            )

    def check_nesting(self, data: Any) -> None:
        """The same for data that is decoded already, level by level, so that no nesting exhausts the stack."""
        level, depth = [data], 0
        while level:
            depth += 1
            self.check_depth(depth)
            level = [
                child
                for each in level
                if isinstance(each, dict | list)
                for child in (each.values() if isinstance(each, dict) else each)
                if isinstance(child, dict | list)
            ]


def encoding_of(content: bytes, declared: str, default: str = "utf-8") -> str:
    """The encoding by the mark at the beginning, else as declared. Raises UnreadableAnswer for an unknown one."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name
    if not declared and not default:
        return ""
    try:
        name = codecs.lookup(declared or default).name
    except (LookupError, ValueError):
        name = ""
    if not _CHARACTERS.match(name):
        raise UnreadableAnswer(
            f"The encoding {declared[:40]!r} is not known", remedy="Name the encoding in the settings."
        )
    # Without a mark, RFC 2781 has the high byte first.
    return f"{name}-be" if name in ("utf-16", "utf-32") else name


def decoded_text(content: bytes, encoding: str) -> str:
    """The text. Raises UnreadableAnswer naming the line of the first byte that does not fit."""
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableAnswer(
            f"A byte is no {encoding} (position {error.start})",
            remedy="Name the encoding that is really used, such as cp1252 or iso-8859-1.",
            place=Place(line=line),
        ) from None
    except (UnicodeError, LookupError, AssertionError):
        raise UnreadableAnswer(
            f"The answer is no {encoding} text", remedy="Name the encoding that is really used."
        ) from None
