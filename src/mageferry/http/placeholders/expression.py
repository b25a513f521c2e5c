"""Conditions and paths: JMESPath by itself, or one template, where a field takes nothing else."""

from __future__ import annotations

import re
from typing import Any, Final, Self

from mageferry.http.placeholders.errors import MissingValue, TemplateError
from mageferry.http.placeholders.filling import Scope, Template
from mageferry.http.placeholders.parsing import Placeholder, parse_text

_TEMPLATE_BEGINS: Final = ("&{", "?{", "${", "@{")
_ADDED: Final = 2
# JMESPath takes `!a.b` as `(!a).b`, which never finds anything. Quoted texts are passed over.
_NOT_OF_FIELD: Final = re.compile(r"""'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|(![\w"@][^.()\[\]|&,\s]*)\.""")


class Expression:
    """`items[?qty > `0`]` over the data, or a template such as `@{globals.region}`; finding nothing is None."""

    def __init__(self, text: str, template: Template) -> None:
        self.text = text
        self._template = template

    @classmethod
    def parse(cls, text: str, path: str = "$") -> Self:
        """Read an expression. Raises TemplateError with the position of what does not parse."""
        for match in _NOT_OF_FIELD.finditer(text):
            if match.group(1):
                raise TemplateError(
                    f"{match.group(0)} is read as ({match.group(1)}). and never finds anything",
                    path=path,
                    position=match.start(),
                    remedy="Write !(a.b) for what is not there or not true.",
                )
        if text.lstrip().startswith(_TEMPLATE_BEGINS):
            return cls(text, Template.parse(text, path))
        try:
            parts = parse_text(f"?{{{text}}}", path)
        except TemplateError as error:
            raise _moved(error, len(text)) from None
        if len(parts) != 1 or not isinstance(parts[0], Placeholder):
            raise TemplateError(
                "A } is closed that was never opened",
                path=path,
                remedy="Write JMESPath, such as items[0].sku.",
            )
        return cls(text, Template.parse(f"?{{{text}}}", path))

    def __repr__(self) -> str:
        return f"<Expression {self.text!r}>"

    def search(self, scope: Scope) -> Any:
        """The value, None where nothing is found. Raises TemplateError when it cannot be evaluated."""
        try:
            return self._template.fill(scope)
        except MissingValue:
            return None

    def holds(self, scope: Scope) -> bool:
        """Whether it is true in JMESPath's sense: null, false, "", [] and {} are not, 0 is."""
        return is_true(self.search(scope))


def is_true(value: Any) -> bool:
    """Truth as JMESPath has it."""
    return not (value is None or value is False or value in ("", [], {}))


def _moved(error: TemplateError, length: int) -> TemplateError:
    """The same error, its place counted in the text as the user wrote it."""
    position = max(0, min(error.position - _ADDED, length))
    return TemplateError(error.message, path=error.path, position=position, remedy=error.remedy)
