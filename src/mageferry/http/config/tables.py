"""The options of a description as a Markdown table."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from mageferry.http.config.fields import Description, FormField, form_fields


def option_table(kind: type[Description]) -> Iterator[str]:
    """The lines of the table; options of a part are named `outer.inner`, those of one type say which."""
    yield "| option | kind | default | meaning |"
    yield "|---|---|---|---|"
    for field in form_fields(kind):
        cells = (f"`{field.name}`{_of_type(field)}", str(field.kind), _default(field), _meaning(field))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _of_type(field: FormField) -> str:
    return f" (`{field.of_type}`)" if field.of_type else ""


def _default(field: FormField) -> str:
    return "needed" if field.required else f"`{orjson.dumps(field.default).decode()}`"


def _meaning(field: FormField) -> str:
    choices = ", ".join(f"`{choice}`" for choice in field.choices)
    return f"{field.title}. {field.help}".strip() + (f" One of {choices}." if choices else "")
