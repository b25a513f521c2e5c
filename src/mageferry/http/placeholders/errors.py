"""What can be wrong with a template.

TemplateError      it does not parse, or its expression cannot be evaluated: fix the template
└ MissingValue       the data has no such value: fix the data, give a default, or write ?{...}
"""

from __future__ import annotations


class TemplateError(Exception):
    """`path` is the field within the structure (`$.items[0].sku`), `position` the character in its text,
    from 0. The message names both; it never quotes data."""

    def __init__(self, message: str, *, path: str = "$", position: int = 0, remedy: str = "") -> None:
        super().__init__(f"{message} (field {path}, character {position + 1})")
        self.message = message
        self.path = path
        self.position = position
        self.remedy = remedy


class MissingValue(TemplateError):
    """Nothing is found where a value must be."""
