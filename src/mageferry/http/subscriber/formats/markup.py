"""XML, read without ever following what a document asks to load or to expand.

An element with text alone is a text; with attributes or children an object: `@name` for attributes, `#text` for
text beside them, children by their names, and a list where a name comes several times. `xsi:nil` is null.
Blanks around texts are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from xml.parsers import expat

from mageferry.http.subscriber.errors import Place, TooLarge, UnreadableAnswer, WrongSettings
from mageferry.http.subscriber.formats.limits import BYTE_ORDER_MARKS, Limits, encoding_of

_NIL: Final = "http://www.w3.org/2001/XMLSchema-instance nil"


@dataclass(frozen=True, slots=True)
class Markup:
    """How XML becomes data.

    `namespaces`: prefix -> URI; names of these are written `prefix:name`, all others without a prefix, whatever
    prefixes the document uses. `lists`: elements that are a list also when there is only one.
    """

    namespaces: Mapping[str, str] = field(default_factory=dict)
    lists: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.namespaces.values())) != len(self.namespaces):
            raise WrongSettings("markup.namespaces", "a URI has two prefixes")


def decode_xml(content: bytes, charset: str, markup: Markup, limits: Limits) -> dict[str, Any]:
    """`{root: ...}`. Raises UnreadableAnswer with the line, also for entity declarations, and TooLarge."""
    builder = _Builder(markup, limits)
    encoding = encoding_of(content, charset, "")
    # A byte order mark the parser reads by itself, and without a charset it goes by the declaration within.
    marked = content.startswith(BYTE_ORDER_MARKS)
    parser = expat.ParserCreate(None if marked or not charset else encoding, " ")
    builder.listen_to(parser)
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise UnreadableAnswer(
            f"The answer is no well-formed XML: {expat.ErrorString(error.code)}, column {error.offset + 1}",
            remedy="Look at what the server answers, or choose another format.",
            place=Place(line=error.lineno),
        ) from None
    except (LookupError, ValueError):
        raise UnreadableAnswer(
            "The XML names an encoding that is not known", remedy="Have the server answer in UTF-8."
        ) from None
    return builder.document


class _Element:
    __slots__ = ("fields", "name", "nil", "texts")

    def __init__(self, name: str, fields: dict[str, Any], nil: bool) -> None:
        self.name = name
        self.fields = fields
        self.nil = nil
        self.texts: list[str] = []

    def value(self) -> Any:
        text = "".join(self.texts).strip()
        if not self.fields:
            return None if self.nil and not text else text
        if text:
            self.fields["#text"] = text
        return self.fields


class _Builder:
    """Takes the parser's events, so that limits hold while it reads and nothing recurses."""

    def __init__(self, markup: Markup, limits: Limits) -> None:
        self._prefixes = {uri: prefix for prefix, uri in markup.namespaces.items()}
        self._lists = frozenset(markup.lists)
        self._limits = limits
        self._open: list[_Element] = []
        self._count = 0
        self.document: dict[str, Any] = {}
        self._parser: expat.XMLParserType | None = None

    def listen_to(self, parser: expat.XMLParserType) -> None:
        self._parser = parser
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._refuse
        parser.ExternalEntityRefHandler = self._refuse
        parser.SkippedEntityHandler = self._skipped

    @property
    def _place(self) -> Place:
        return Place(line=self._parser.CurrentLineNumber if self._parser else None)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > self._limits.elements:
            raise TooLarge(
                f"The answer has more than {self._limits.elements:,} XML elements",
                remedy="Ask for less at a time, or raise limits.elements.",
                place=self._place,
            )
        self._limits.check_depth(len(self._open) + 1, self._place.line)
        nil = attributes.pop(_NIL, "") in ("true", "1")
        fields: dict[str, Any] = {f"@{self._named(key)}": value for key, value in attributes.items()}
        self._open.append(_Element(self._named(name), fields, nil))

    def _named(self, name: str) -> str:
        uri, _, local = name.rpartition(" ")
        prefix = self._prefixes.get(uri)
        return f"{prefix}:{local}" if prefix else local

    def _text(self, text: str) -> None:
        self._open[-1].texts.append(text)

    def _end(self, _: str) -> None:
        element = self._open.pop()
        value, name = element.value(), element.name
        fields = self._open[-1].fields if self._open else self.document
        if name not in fields:
            fields[name] = [value] if name in self._lists else value
        elif isinstance(fields[name], list):  # no element's value is one
            fields[name].append(value)
        else:
            fields[name] = [fields[name], value]

    def _doctype(self, name: str, system_id: str | None, public_id: str | None, has_subset: int) -> None:
        if has_subset:
            self._refuse()

    def _refuse(self, *_: object) -> int:
        raise UnreadableAnswer(
            "The XML declares entities or elements of its own (DOCTYPE), which is refused",
            remedy="Have the server answer without a DOCTYPE: such declarations can fill the memory or read files.",
            place=self._place,
        )

    def _skipped(self, name: str, is_parameter: bool) -> None:
        raise UnreadableAnswer(
            f"The XML uses the entity {name[:60]!r}, which is not declared in it",
            remedy="Have the server write the character itself; external declarations are not loaded.",
            place=self._place,
        )
