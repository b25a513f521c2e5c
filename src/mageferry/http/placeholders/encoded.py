"""Texts in a language of their own, such as addresses and XML: each value is encoded before it is put in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from mageferry.http.placeholders.errors import TemplateError
from mageferry.http.placeholders.filling import Scope, Template, as_text
from mageferry.http.placeholders.parsing import Kind, Placeholder, parse_text
from mageferry.http.redaction import Secret

type Encode = Callable[[str, Kind], str]


class EncodedText:
    """A text whose values cannot break out of their place. `encode` is given each value and where it is from."""

    def __init__(
        self, parts: tuple[str | tuple[Placeholder, Template], ...], encode: Encode, path: str
    ) -> None:
        self._parts = parts
        self._encode = encode
        self._path = path

    @classmethod
    def parse(cls, text: str, encode: Encode, path: str = "$") -> Self:
        """Read a text. Raises TemplateError for what does not parse."""
        parts = tuple(
            part if isinstance(part, str) else (part, Template.parse(str(part), path))
            for part in parse_text(text, path)
        )
        return cls(parts, encode, path)

    def fill(self, scope: Scope) -> str | Secret:
        """The text; a Secret when one is in it. Raises TemplateError; `encode` may raise ValueError for it."""
        texts, secret = [], False
        for part in self._parts:
            if isinstance(part, str):
                texts.append(part)
                continue
            placeholder, template = part
            value = self._value(placeholder, template, scope)
            secret = secret or isinstance(value, Secret)
            plain = value.reveal() if isinstance(value, Secret) else value
            texts.append(self._encoded(plain, placeholder))
        return Secret("".join(texts)) if secret else "".join(texts)

    def _value(self, placeholder: Placeholder, template: Template, scope: Scope) -> str | Secret:
        try:
            value = template.fill(scope)
        except TemplateError as error:
            position = placeholder.position + error.position
            raise type(error)(
                error.message, path=self._path, position=position, remedy=error.remedy
            ) from None
        return value if isinstance(value, Secret) else as_text(value)

    def _encoded(self, plain: str, placeholder: Placeholder) -> str:
        try:
            return self._encode(plain, placeholder.kind)
        except ValueError as error:
            raise TemplateError(
                f"{placeholder} cannot be put in: {error}",
                path=self._path,
                position=placeholder.position,
                remedy="Correct the value, or the name of the field it is taken from.",
            ) from None
