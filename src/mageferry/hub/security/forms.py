"""Form side of secrets: a password box that never shows what is stored and keeps it when left empty."""

from __future__ import annotations

from typing import Any

from django import forms

from mageferry.http.redaction import Secret
from mageferry.hub.security.fields import SecretField

KEEP_HINT = "Stored. Leave empty to keep it, type to replace it."


class SecretFormsMixin:
    """For a ModelForm whose model has `SecretField`s: write-only boxes, empty keeps what is stored."""

    fields: dict[str, forms.Field]
    instance: Any
    cleaned_data: dict[str, Any]
    secret_widget: type[forms.Widget] = forms.PasswordInput

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored = {
            field.name: getattr(self.instance, field.name)
            for field in self.instance._meta.fields
            if isinstance(field, SecretField)
        }
        for name, stored in self._stored.items():
            if name in self.fields:
                self.fields[name] = forms.CharField(
                    label=self.fields[name].label,
                    required=False,
                    strip=False,
                    help_text=KEEP_HINT if stored else self.fields[name].help_text,
                    widget=self.secret_widget(attrs={"autocomplete": "new-password"}),
                )
                getattr(self, "initial", {}).pop(name, None)

    def clean(self) -> dict[str, Any] | None:
        cleaned: dict[str, Any] | None = super().clean()  # type: ignore[misc]
        for name, stored in self._stored.items():
            if name in self.cleaned_data:
                typed = self.cleaned_data[name]
                self.cleaned_data[name] = Secret(typed) if typed else (stored or Secret(""))
        return cleaned
