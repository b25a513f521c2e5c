"""A form field for "one of these types, with its options": choose the type, see only what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict

from mageferry.http.config import FieldKind, FormField, form_fields
from mageferry.http.config.described import Typed
from mageferry.http.redaction import Secret
from mageferry.hub import adminsite
from mageferry.hub.pipelines.entries import Entry, TypedSecret, empty_entry, read_entry

# The button that asks for the options of another type where there is no JavaScript.
RELOAD: Final = "_show-options"
_BLANK_SECRETS: Final = 2
_STORED: Final = "Stored. Leave empty to keep it."


class DescriptionWidget(forms.Widget):
    """A dropdown of types and, for each, its options; those of the chosen type are shown."""

    template_name = "pipelines/description.html"

    def __init__(self, kinds: Mapping[str, type[Typed]], label: str, attrs: Any = None) -> None:
        super().__init__(attrs)
        self.kinds = kinds
        self.label = label
        self.problems: dict[str, str] = {}
        # What the record has, so that a form with errors still says which secrets are stored.
        self.stored = Entry()

    class Media:
        css: Final = {"all": ("pipelines/description.css",)}
        js = ("pipelines/description.js",)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Entry:
        chosen = data.get(f"{name}-type", "")
        kind = self.kinds.get(chosen)
        if kind is None:
            return Entry("", {}, RELOAD in data)
        values = {
            each.name: _posted(data, f"{name}-{chosen}-{each.name}", each) for each in form_fields(kind)
        }
        return Entry(chosen, values, RELOAD in data)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-type" not in data

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, None, attrs)
        entry = value if isinstance(value, Entry) else Entry()
        context["described"] = {
            "select": self._select(name, entry),
            "groups": [self._group(name, kind, entry) for kind in self.kinds.values()],
            "problem": self.problems.get("", ""),
            "reload": RELOAD,
        }
        return context

    def _select(self, name: str, entry: Entry) -> str:
        choices = [("", self.label), *((kind.type_name, kind.title) for kind in self.kinds.values())]
        attrs = {"id": f"id_{name}-type", "data-described-type": "", "aria-label": "Type"}
        return adminsite.Select(choices=choices).render(f"{name}-type", entry.type_name, attrs)

    def _group(self, name: str, kind: type[Typed], entry: Entry) -> dict[str, Any]:
        chosen = kind.type_name == entry.type_name
        shown = entry if chosen else empty_entry(kind)
        problems = self.problems if chosen else {}
        stored = self.stored.values if self.stored.type_name == kind.type_name else {}
        prefix = f"{name}-{kind.type_name}"
        fields = [
            _field(f"{prefix}-{each.name}", each, shown.values.get(each.name), stored.get(each.name))
            | {"problem": problems.get(each.name, "")}
            for each in form_fields(kind)
        ]
        return {"type": kind.type_name, "chosen": chosen, "fields": fields}


def _posted(data: Any, name: str, form_field: FormField) -> Any:
    match form_field.kind:
        case FieldKind.CHECKBOX:
            return name in data
        case FieldKind.SECRET:
            return TypedSecret(data.get(name, ""), f"{name}-remove" in data)
        case FieldKind.SECRETS:
            names, texts = _all(data, f"{name}-name"), _all(data, f"{name}-text")
            return list(zip(names, texts, strict=False))
        case FieldKind.LIST if form_field.choices:
            return _all(data, name)
    return data.get(name, "")


def _all(data: Any, name: str) -> list[str]:
    return data.getlist(name) if isinstance(data, MultiValueDict) else list(data.get(name, []))


def _field(name: str, form_field: FormField, value: Any, stored: Any) -> dict[str, Any]:
    """What the template shows of one option."""
    attrs = {"id": f"id_{name}", "aria-describedby": f"id_{name}_help"}
    found: dict[str, Any] = {
        "id": attrs["id"],
        "title": form_field.title,
        "help": form_field.help,
        "required": form_field.required,
        "kind": form_field.kind.value,
        "name": name,
    }
    match form_field.kind:
        case FieldKind.SECRET:
            is_stored = stored is True
            widget = adminsite.SecretInput(attrs={"autocomplete": "new-password"})
            help_text = f"{_STORED} {form_field.help}".strip() if is_stored else form_field.help
            return found | {
                "html": widget.render(name, None, attrs),
                "help": help_text,
                "removable": is_stored and not form_field.required,
            }
        case FieldKind.SECRETS:
            return found | {"rows": _secret_rows(name, value, stored)}
        case FieldKind.LIST if form_field.choices:
            chosen = value if isinstance(value, list) else []
            return found | {
                "boxes": [(each, each.replace("_", " "), each in chosen) for each in form_field.choices]
            }
        case FieldKind.LIST:
            value = ", ".join(value) if isinstance(value, list) else value
    return found | {"html": _widget(form_field).render(name, value, attrs)}


def _secret_rows(name: str, value: Any, stored: Any) -> list[dict[str, Any]]:
    names = [pair[0] if isinstance(pair, tuple) else pair for pair in value or []]
    kept = stored if isinstance(stored, list) else []
    rows = []
    for number, each in enumerate([*(text for text in names if text), *[""] * _BLANK_SECRETS]):
        rows.append(
            {
                "name": adminsite.TextInput(attrs={"placeholder": "Name", "aria-label": "Name"}).render(
                    f"{name}-name", each, {"id": f"id_{name}-name-{number}"}
                ),
                "text": adminsite.SecretInput(
                    attrs={
                        "autocomplete": "new-password",
                        "aria-label": "Value",
                        "placeholder": "Stored: empty keeps it" if each in kept and each else "Value",
                    }
                ).render(f"{name}-text", None, {"id": f"id_{name}-text-{number}"}),
            }
        )
    return rows


def _widget(form_field: FormField) -> forms.Widget:
    match form_field.kind:
        case FieldKind.CHECKBOX:
            return adminsite.Checkbox()
        case FieldKind.INTEGER:
            return adminsite.NumberInput()
        case FieldKind.NUMBER:
            return adminsite.NumberInput(attrs={"step": "any"})
        case FieldKind.CHOICE:
            return adminsite.Select(choices=[(each, each) for each in form_field.choices])
        case FieldKind.OBJECT:
            return adminsite.Textarea(attrs={"rows": 4, "placeholder": "{}", "spellcheck": "false"})
        case FieldKind.TEXTS:
            return adminsite.Textarea(attrs={"rows": 3, "placeholder": "Name: value", "spellcheck": "false"})
    return adminsite.TextInput(attrs={"spellcheck": "false"})


class DescriptionField(forms.Field):
    """Gives (kind, options), or None when no type is chosen. The options have their secrets in plain.

    `remember` tells it what the record has: kept where a secret is left empty.
    """

    widget: DescriptionWidget

    def __init__(self, kinds: Mapping[str, type[Typed]], no_type: str, **options: Any) -> None:
        self.kinds = kinds
        self.stored_type = ""
        self.stored_secrets = Secret("")
        super().__init__(widget=DescriptionWidget(kinds, no_type), **options)

    def remember(self, entry: Entry, secrets: Secret) -> None:
        """What the record that is being changed has."""
        self.stored_type, self.stored_secrets = entry.type_name, secrets
        self.initial = self.widget.stored = entry

    def clean(self, value: Any) -> tuple[type[Typed], dict[str, Any]] | None:
        entry = value if isinstance(value, Entry) else Entry()
        if entry.reload:
            raise ValidationError("Here are the options of the chosen type. Nothing has been saved yet.")
        kind = self.kinds.get(entry.type_name)
        if kind is None:
            if self.required:
                raise ValidationError("Choose a type.", code="required")
            return None
        reading = read_entry(kind, entry, self._kept(entry))
        if reading.problems:
            self.widget.problems = {
                name: f"{text[:1].upper()}{text[1:]}".rstrip(" .") + "."
                for name, text in reading.problems.items()
            }
            raise ValidationError("See what is said at the options.")
        return kind, reading.options

    def _kept(self, entry: Entry) -> Secret:
        # A secret of one type is none of another's.
        return self.stored_secrets if entry.type_name == self.stored_type else Secret("")

    def has_changed(self, initial: Any, data: Any) -> bool:
        before = initial if isinstance(initial, Entry) else Entry()
        after = data if isinstance(data, Entry) else Entry()
        if before.type_name != after.type_name:
            return True
        return any(_changed(before.values.get(name), value) for name, value in after.values.items())


def _changed(before: Any, after: Any) -> bool:
    if isinstance(after, TypedSecret):
        return bool(after.text or after.remove)
    if isinstance(after, list) and any(isinstance(each, tuple) for each in after):
        names = sorted(name for name, _ in after if name.strip())
        return names != before or any(text for _, text in after)
    if isinstance(before, list) and isinstance(after, str):
        return ", ".join(before) != after
    if isinstance(after, list) and not after and not before:
        return False
    return bool(before != after)
