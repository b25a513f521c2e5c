"""From a text to its parts: literal text and placeholders with compiled expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError, LexerError, ParseError

from mageferry.http.placeholders.errors import TemplateError

_OPENING = re.compile(r"(\\*)([&?$@])\{")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# One quoted piece of JMESPath: 'raw string', "identifier", `JSON literal`; each with \ before its own quote.
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`""", re.DOTALL)
_NAMES = re.compile(r"\s*[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*\s*\Z")
_DOTTED_NUMBER = re.compile(r"(?:\A\s*|\.)(\d+)(?=[\s.\[\]|),&}=<>!]|\Z)")


class Kind(StrEnum):
    """Where a placeholder's value comes from, by its first character."""

    DATA = "&"
    OPTIONAL = "?"
    ENVIRONMENT = "$"
    CONTEXT = "@"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One placeholder; `expression` as it was written, `search` finds its value (None: it names a variable)."""

    kind: Kind
    expression: str
    position: int
    search: Any = None

    def __str__(self) -> str:
        return f"{self.kind}{{{self.expression}}}"


type Parts = tuple[str | Placeholder, ...]


def parse_text(text: str, path: str = "$") -> Parts:
    """The parts of one text. Raises TemplateError with the position of what does not parse."""
    parts: list[str | Placeholder] = []
    literal, at = "", 0
    while (match := _OPENING.search(text, at)) is not None:
        slashes = match.group(1)
        literal += text[at : match.start()] + "\\" * (len(slashes) // 2)
        if len(slashes) % 2:
            literal, at = literal + match.group(2) + "{", match.end()
            continue
        end = _closing(text, match.end(), path)
        if literal:
            parts.append(literal)
        opened = match.end(1)
        parts.append(_placeholder(Kind(match.group(2)), text[match.end() : end], opened, path))
        literal, at = "", end + 1
    literal += text[at:]
    if literal:
        parts.append(literal)
    return tuple(parts)


def literal(text: str) -> str:
    """The template of a text that is to stay as it is."""
    return _OPENING.sub(lambda match: f"{match.group(1) * 2}\\{match.group(2)}{{", text)


def _closing(text: str, at: int, path: str) -> int:
    """Where the brace that was opened before `at` is closed; braces in quotes do not count."""
    opened, depth = at - 2, 1
    while at < len(text):
        char = text[at]
        if char in "'\"`":
            quoted = _QUOTED.match(text, at)
            if quoted is None:
                raise TemplateError(
                    f"A {char} is opened and never closed", path=path, position=at, remedy="Close the quote."
                )
            at = quoted.end()
            continue
        depth += {"{": 1, "}": -1}.get(char, 0)
        if depth == 0:
            return at
        at += 1
    raise TemplateError(
        f"The placeholder {text[opened : opened + 2]} is never closed",
        path=path,
        position=opened,
        remedy=f"Close it with }}, or write \\{text[opened : opened + 2]} for the characters themselves.",
    )


def _placeholder(kind: Kind, expression: str, position: int, path: str) -> Placeholder:
    if not expression.strip():
        raise TemplateError(
            f"{kind}{{}} is empty", path=path, position=position, remedy="Write the name of a value in it."
        )
    if kind is Kind.ENVIRONMENT:
        name = expression.strip()
        if not _VARIABLE.match(name):
            raise TemplateError(
                "${...} takes the name of an environment variable: letters, digits and _",
                path=path,
                position=position + 2,
                remedy="For values of the data write &{...}.",
            )
        return Placeholder(kind, name, position)
    return Placeholder(kind, expression, position, _compiled(expression, path, position + 2))


def _compiled(expression: str, path: str, start: int) -> Any:
    if _NAMES.match(expression):
        return partial(_field_of, expression.strip().split("."))
    written, added_at = with_brackets(expression)
    try:
        return jmespath.compile(written).search
    except (JMESPathError, RecursionError, ValueError) as error:
        offset = _offset(error)
        offset -= sum(2 if place == 0 else 1 for place in added_at if place < offset)
        raise TemplateError(
            f"{expression!r} is no JMESPath expression: {_reason(error)}",
            path=path,
            position=start + max(0, min(offset, len(expression))),
            remedy='See jmespath.org; names with other characters than letters, digits and _ stand in "...", '
            "texts in '...'.",
        ) from None


def _field_of(names: list[str], value: Any) -> Any:
    """What JMESPath finds under plain names, without its tree: most expressions are nothing else."""
    for name in names:
        try:
            value = value.get(name)
        except AttributeError:
            return None
    return value


def with_brackets(expression: str) -> tuple[str, list[int]]:
    """`products.0.sku` as `products[0].sku`, and where that made the text longer; quoted pieces stay."""
    added_at: list[int] = []
    pieces: list[str] = []
    at = written = 0

    def bracket(match: re.Match[str]) -> str:
        added_at.append(written + match.start())
        return f"[{match.group(1)}]"

    for quoted in [*_QUOTED.finditer(expression), None]:
        plain = expression[at : quoted.start() if quoted else len(expression)]
        # \A of the pattern is for the beginning of the expression alone.
        replaced = (
            _DOTTED_NUMBER.sub(bracket, plain) if at == 0 else _DOTTED_NUMBER.sub(bracket, f"\0{plain}")[1:]
        )
        pieces += [replaced, quoted.group(0) if quoted else ""]
        written += len(replaced) + len(pieces[-1])
        at = quoted.end() if quoted else at
    return "".join(pieces), added_at


def _offset(error: Exception) -> int:
    if isinstance(error, LexerError):
        return int(error.lexer_position)
    if isinstance(error, ParseError):
        return int(error.lex_position)
    return 0


_REASONS: Final = {"IncompleteExpressionError": "it ends too early", "EmptyExpressionError": "it is empty"}


def _reason(error: Exception) -> str:
    known = _REASONS.get(type(error).__name__)
    if known:
        return known
    token = getattr(error, "token_value", None)
    return f"{token!r} is not expected" if token else "it cannot be read"
