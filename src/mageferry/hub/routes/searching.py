"""Finding a part of a text in rows, whatever its case, also beyond ASCII and in stored JSON."""

from __future__ import annotations

import json
import re

from django.db.models import Q


def contains(name: str, text: str, *, is_json: bool = False) -> Q:
    """Rows whose column has this text in it. `is_json`: the column is JSON as text, which may have characters escaped.

    SQLite compares letters beyond ASCII by their case, and so does PostgreSQL under some locales; JSON has them, quotes
    and line breaks as escapes.
    """
    if text.isascii() and (not is_json or json.dumps(text) == f'"{text}"'):
        return Q(**{f"{name}__icontains": text})
    return Q(**{f"{name}__iregex": "".join(_any_of(character, is_json) for character in text)})


def _any_of(character: str, is_json: bool) -> str:
    """A pattern of all ways to write a character."""
    cases = [character, character.lower(), character.upper()]
    written = [*cases, *(json.dumps(each)[1:-1] for each in cases)] if is_json else cases
    found = list(dict.fromkeys(re.escape(each) for each in written))
    return found[0] if len(found) == 1 else f"(?:{'|'.join(found)})"
