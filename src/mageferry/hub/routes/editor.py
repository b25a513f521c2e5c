"""A form field for the settings of a description: its tree of options, edited in the browser, posted as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Self

from django import forms
from django.core.exceptions import ValidationError
from django.forms.widgets import Script
from django.utils.html import format_html, format_html_join, json_script
from django.utils.safestring import SafeString, mark_safe

from mageferry.http.config import Problem
from mageferry.http.config.outline import Node, outline_of_types
from mageferry.http.redaction import MASK
from mageferry.http.transformers import TRANSFORMERS
from mageferry.hub import adminsite
from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.routes.models import Storage

_KINDS: Final = {kind.type_name: kind for kind in TRANSFORMERS}
_LISTS: Final = {
    "transformers": outline_of_types(_KINDS, {name: kind.title for name, kind in _KINDS.items()})
}
_ENTER_AGAIN: Final = "Enter it again: what is typed here is never shown."


class EditorWidget(forms.Widget):
    """The tree of options of the type that is chosen in another field; without such a field, of the only type.

    `steps`: for each type the sections with a button that tries the settings up to there, and its text.
    """

    template_name = "routes/editor.html"

    def __init__(
        self,
        outlines: Mapping[str, list[Node]],
        type_field: str = "",
        steps: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        super().__init__()
        self.outlines, self.type_field, self.steps = outlines, type_field, steps or {}
        self.problems: dict[str, str] = {}
        self.try_url = ""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # Each form has problems of its own.
        copy: Self = super().__deepcopy__(memo)
        copy.problems = {}
        return copy

    class Media:
        css: Final = {"all": ("pipelines/description.css", "routes/editor.css", "routes/pages.css")}
        js = (Script("routes/editor.js", type="module"),)

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, None, attrs)
        text = value if isinstance(value, str) else json.dumps(value or {}, indent=2, ensure_ascii=False)
        config_id = f"{name}-editor"
        context["editor"] = {
            "script": json_script(self._config(), config_id),
            "templates": _templates(),
            "area": adminsite.Textarea(attrs={"rows": 24, "spellcheck": "false"}).render(
                name, text, {"id": f"id_{name}", "data-editor-json": "", "aria-label": "Settings as JSON"}
            ),
            "problems": self.problems,
        }
        return context

    def _config(self) -> dict[str, Any]:
        return {
            "outlines": self.outlines,
            "lists": _LISTS,
            "names": {
                "http_client": list(HttpClientRecord.objects.values_list("code", flat=True)),
                "storage": list(Storage.objects.values_list("code", flat=True)),
            },
            "type_field": self.type_field,
            "steps": self.steps,
            "try_url": self.try_url,
            "problems": self.problems,
        }


def _templates() -> SafeString:
    """One of each box, for the script to copy: they look as everywhere in the admin."""
    widgets = {
        "text": adminsite.TextInput(attrs={"spellcheck": "false"}),
        "textarea": adminsite.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        "checkbox": adminsite.Checkbox(),
        "select": adminsite.Select(choices=[]),
        "secret": adminsite.SecretInput(attrs={"autocomplete": "new-password"}),
    }
    return format_html_join(
        "",
        '<template data-widget="{}">{}</template>',
        ((name, _bare(widget.render("", None))) for name, widget in widgets.items()),
    )


def _bare(html: str) -> SafeString:
    """The box without a name: it isn't posted. The markup is a widget's own."""
    return mark_safe(html.replace(' name=""', "").strip())


class EditorField(forms.Field):
    """Gives the settings as an object. `refuse` puts problems at their options."""

    widget: EditorWidget

    def __init__(self, widget: EditorWidget, **options: Any) -> None:
        super().__init__(widget=widget, required=False, **options)

    def to_python(self, value: Any) -> dict[str, Any]:
        if not value:
            return {}
        try:
            found = json.loads(value) if isinstance(value, str) else value
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise ValidationError(f"This is no JSON ({where}). Correct it there.") from None
        except RecursionError:
            raise ValidationError("It is nested too deeply.") from None
        if not isinstance(found, dict):
            raise ValidationError('Write an object: {"request": {...}}.')
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != (initial or {}))
        except ValidationError:
            return True

    def refuse(self, problems: Iterable[Problem]) -> ValidationError:
        """Shows each problem at its option; what remains to be said at the field itself."""
        for problem in problems:
            text = sentence(problem.message, problem.remedy)
            self.widget.problems.setdefault(problem.path, text)
        told = [f"{path}: {text}" if path else text for path, text in self.widget.problems.items()]
        return ValidationError([format_html("{}", each) for each in told])


def sentence(*parts: str) -> str:
    """Parts of a message as sentences."""
    told = (part.strip().rstrip(".") for part in parts if part.strip())
    return " ".join(f"{part[:1].upper()}{part[1:]}." for part in told)


def without_secrets(
    nodes: Sequence[Node], value: Any, stored: Any, path: str = ""
) -> tuple[Any, dict[str, str]]:
    """Settings to be shown once more: a secret that was typed is the mask of the stored one, or has to be entered
    again; with what is said of those."""
    if not isinstance(value, dict):
        return value, {}
    shown, told = dict(value), dict[str, str]()
    before = stored if isinstance(stored, dict) else {}
    for node in nodes:
        name = node["name"]
        where = f"{path}.{name}".lstrip(".")
        if name not in shown:
            continue
        if node["kind"] == "group":
            shown[name], more = without_secrets(node["fields"], shown[name], before.get(name), where)
            told |= more
        elif node["kind"] == "secret" and shown[name] != MASK:
            del shown[name]
            if before.get(name) == MASK:
                shown[name] = MASK
            told[where] = _ENTER_AGAIN
    return shown, told
