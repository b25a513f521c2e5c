"""Conditions and paths: JMESPath by itself, or one template, where a field takes nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, Self

from mageferry.http.placeholders.errors import MissingValue, TemplateError
from mageferry.http.placeholders.filling import Scope, Template, search
from mageferry.http.placeholders.parsing import Placeholder, parse_text

_TEMPLATE_BEGINS: Final = ("&{", "?{", "${", "@{")
_ADDED: Final = 2
# JMESPath takes `!a.b` as `(!a).b`, which never finds anything. Quoted texts are passed over.
_NOT_OF_FIELD: Final = re.compile(r"""'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|(![\w"@][^.()\[\]|&,\s]*)\.""")


class Expression:
    """`items[?qty > `0`]` over the data, or a template such as `@{globals.region}`; finding nothing is None."""

    def __init__(self, text: str, found: Callable[[Scope], Any], *, is_template: bool) -> None:
        self.text = text
        self.is_template = is_template
        self._found = found

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
            return cls(text, Template.parse(text, path).fill, is_template=True)
        placeholder = _placeholder(text, path)
        return cls(text, lambda scope: search(placeholder, scope.data, path, repr(text)), is_template=False)

    def __repr__(self) -> str:
        return f"<Expression {self.text!r}>"

    def search(self, scope: Scope) -> Any:
        """The value, None where nothing is found. Raises TemplateError when it cannot be evaluated."""
        try:
            return self._found(scope)
        except MissingValue:
            return None

    def holds(self, scope: Scope) -> bool:
        """Whether it is true in JMESPath's sense: null, false, "", [] and {} are not, 0 is."""
        return is_true(self.search(scope))


def _placeholder(text: str, path: str) -> Placeholder:
    """The expression, parsed as the placeholder that it would be."""
    try:
        parts = parse_text(f"?{{{text}}}", path)
    except TemplateError as error:
        # Its place is counted in the text as the user wrote it.
        position = max(0, min(error.position - _ADDED, len(text)))
        raise TemplateError(error.message, path=error.path, position=position, remedy=error.remedy) from None
    if len(parts) != 1 or not isinstance(parts[0], Placeholder):
        raise TemplateError(
            "A } is closed that was never opened",
            path=path,
            remedy="Write JMESPath, such as items[0].sku.",
        )
    return parts[0]


def is_true(value: Any) -> bool:
    """Truth as JMESPath has it."""
    return not (value is None or value is False or value in ("", [], {}))
