"""Forms of storage entries and global values, whose values are JSON."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from mageferry.http.redaction import Secret
from mageferry.hub import adminsite
from mageferry.hub.routes.models import GlobalValue, StorageEntry
from mageferry.hub.routes.plain import NotStorable, plain
from mageferry.hub.routes.storages import check_key


class JsonText(forms.JSONField):
    """Any JSON, indented. What was typed and is none comes back as it was typed."""

    def __init__(self, rows: int = 8, **options: Any) -> None:
        attrs = {"rows": rows, "spellcheck": "false", "style": "font-family: ui-monospace, monospace"}
        super().__init__(widget=adminsite.Textarea(attrs=attrs), **options)

    def prepare_value(self, value: Any) -> str:
        shown = super().prepare_value(value)
        try:
            return json.dumps(json.loads(shown), indent=2, ensure_ascii=False)
        except (TypeError, ValueError, RecursionError):
            return str(shown)

    def clean(self, value: Any) -> Any:
        try:
            return plain(super().clean(value))
        except NotStorable as error:
            raise ValidationError(f"It can't be kept: {error}.") from None
        except RecursionError:
            raise ValidationError("It is nested too deeply.") from None


class EntryForm(forms.ModelForm):  # type: ignore[type-arg]
    """An entry of a storage."""

    value = JsonText(required=False, help_text='Any JSON; a text in quotes: "DE".')

    class Meta:
        model = StorageEntry
        fields = ("storage", "key", "value", "expires_at")

    def clean_key(self) -> str:
        try:
            return check_key(self.cleaned_data["key"])
        except ValueError as error:
            raise ValidationError(f"{str(error).capitalize()}.") from None


class GlobalValueForm(forms.ModelForm):  # type: ignore[type-arg]
    """A value in plain, or a secret one that can be written and not read."""

    value = JsonText(required=False, initial="", help_text='Any JSON; a text in quotes: "DE".')
    new_secret = forms.CharField(
        required=False,
        strip=False,
        label="Secret value",
        widget=adminsite.SecretInput(attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        model = GlobalValue
        fields = ("name", "description", "is_secret", "value")
        widgets = MappingProxyType({"description": adminsite.Textarea(attrs={"rows": 2})})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and self.instance.secret:
            self.fields["new_secret"].help_text = "Stored. Leave empty to keep it, type to replace it."

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        typed = cleaned.get("new_secret", "")
        if not cleaned.get("is_secret"):
            self.instance.secret = Secret("")
            if cleaned.get("value") is None:
                cleaned["value"] = ""
            return cleaned
        if not typed and not self.instance.secret:
            self.add_error("new_secret", "Enter the secret value.")
        elif typed:
            self.instance.secret = Secret(typed)
        cleaned["value"] = ""
        return cleaned
