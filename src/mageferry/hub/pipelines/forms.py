"""Forms of clients and authentications."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from mageferry.http.config import form_fields
from mageferry.http.redaction import Secret
from mageferry.hub import adminsite
from mageferry.hub.pipelines.entries import entry_of
from mageferry.hub.pipelines.models import HttpAuthenticationRecord, HttpClientPlugin, HttpClientRecord
from mageferry.hub.pipelines.options import AUTHENTICATION_TYPES, PLUGIN_TYPES
from mageferry.hub.pipelines.records import put_authentication, put_own_authentication, put_plugin
from mageferry.hub.pipelines.trial import METHODS, Call
from mageferry.hub.pipelines.widgets import DescriptionField
from mageferry.hub.security.forms import SecretFormsMixin


class AuthenticationForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name, code, and one type with its options."""

    described = DescriptionField(AUTHENTICATION_TYPES, "Choose a type", label="Type")

    class Meta:
        model = HttpAuthenticationRecord
        fields = ("name", "code")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _remember(self, "described", self.instance.type, self.instance.settings, self.instance.secrets)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        _check_client(self, cleaned.get("described"), "described")
        return cleaned

    def save(self, commit: bool = True) -> Any:
        kind, options = self.cleaned_data["described"]
        put_authentication(self.instance, kind, options)
        return super().save(commit)


class ClientForm(SecretFormsMixin, forms.ModelForm):  # type: ignore[type-arg]
    """A client with, if it has one, the authentication of its own."""

    secret_widget = adminsite.SecretInput
    own = DescriptionField(AUTHENTICATION_TYPES, "None", required=False, label="Authentication of its own")

    class Meta:
        model = HttpClientRecord
        exclude = ("own_type", "own_settings")
        widgets = MappingProxyType(
            {
                "description": adminsite.Textarea(attrs={"rows": 2}),
                "certificates": adminsite.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
            }
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        record = self.instance
        if "own" in self.fields:
            _remember(self, "own", record.own_type, record.own_settings, record.own_secrets)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        own = cleaned.get("own")
        _check_client(self, own, "own")
        if own is not None and cleaned.get("authentication") is not None:
            self.add_error("own", "Choose a stored authentication or enter one of its own, not both.")
        elif "own" in cleaned:
            put_own_authentication(self.instance, *(own or (None, {})))
        return cleaned


class PluginForm(forms.ModelForm):  # type: ignore[type-arg]
    """One row of a client's plugins."""

    described = DescriptionField(PLUGIN_TYPES, "Choose a plugin", label="Plugin")

    class Meta:
        model = HttpClientPlugin
        fields = ("position",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _remember(self, "described", self.instance.type, self.instance.settings, self.instance.secrets)

    def save(self, commit: bool = True) -> Any:
        put_plugin(self.instance, *self.cleaned_data["described"])
        return super().save(commit)


def _remember(form: Any, name: str, type_name: str, settings: dict[str, Any], secrets: Secret) -> None:
    kind = form.fields[name].kinds.get(type_name)
    if kind is not None:
        form.fields[name].remember(entry_of(kind, settings, secrets), secrets)
        # The form looks here before it looks at its field.
        form.initial[name] = form.fields[name].initial


def _check_client(form: Any, described: Any, name: str) -> None:
    """That the client which a sign-in names is there."""
    code = described[1].get("client") if described else None
    if code and not HttpClientRecord.objects.filter(code=code).exists():
        known = ", ".join(HttpClientRecord.objects.values_list("code", flat=True)) or "none yet"
        title = next(each.title for each in form_fields(described[0]) if each.name == "client")
        text = f"There is no client with the code {code}. There are: {known}."
        form.fields[name].widget.problems = {"client": text}
        form.add_error(name, f"{title}: {text}")


class CallForm(forms.Form):
    """The test panel: one request to send for real."""

    method = forms.ChoiceField(choices=[(each, each) for each in METHODS], widget=adminsite.Select)
    path = forms.CharField(
        required=False,
        max_length=4000,
        widget=adminsite.TextInput(attrs={"placeholder": "/V1/orders", "spellcheck": "false"}),
    )
    headers = forms.CharField(
        required=False,
        widget=adminsite.Textarea(attrs={"rows": 3, "placeholder": "Name: value", "spellcheck": "false"}),
    )
    query = forms.CharField(
        required=False,
        widget=adminsite.Textarea(attrs={"rows": 3, "placeholder": "name: value", "spellcheck": "false"}),
    )
    body = forms.CharField(
        required=False,
        strip=False,
        widget=adminsite.Textarea(attrs={"rows": 4, "placeholder": "{}", "spellcheck": "false"}),
    )

    def clean_headers(self) -> dict[str, str]:
        return _pairs(self.cleaned_data["headers"])

    def clean_query(self) -> dict[str, str]:
        return _pairs(self.cleaned_data["query"])

    def call(self) -> Call:
        """The request that was entered; the form must be valid."""
        return Call(**self.cleaned_data)


def _pairs(text: str) -> dict[str, str]:
    found = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if line.strip() and (not colon or not name.strip()):
            raise ValidationError("Write one name: value on each line.")
        if line.strip():
            found[name.strip()] = value.strip()
    return found
