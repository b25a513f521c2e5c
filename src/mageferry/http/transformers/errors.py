"""What can be wrong with one entity on its way through the transformers.

TransformError   it cannot be transformed: mend the data or the transformer; or, when `transient`, try again later
"""

from __future__ import annotations

from typing import Any, Final

from mageferry.http.placeholders import as_text
from mageferry.http.redaction import MASK, Secret, is_secret_name, redact_text

_SHOWN_CHARACTERS: Final = 40


class TransformError(Exception):
    """`path` is the transformer and its option (`transformers[2].value`)."""

    def __init__(self, message: str, *, path: str, remedy: str = "", transient: bool = False) -> None:
        super().__init__(f"{message} ({path})")
        self.message = message
        self.path = path
        self.remedy = remedy
        self.transient = transient


def shown(value: Any, name: str) -> str:
    """A value for a message, short; masked when the name of its field says that it is secret."""
    if isinstance(value, Secret) or is_secret_name(name):
        return MASK
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = redact_text(value if isinstance(value, str) else as_text(value))
    short = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
    return repr(short) if isinstance(value, str) else short or "null"
