"""Forms of what a route joins, of routes, of stored tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.urls import reverse

from mageferry.http.config import ConfigError, Problem
from mageferry.http.config.outline import Node
from mageferry.http.redaction import Secret
from mageferry.http.transformers import Transformers
from mageferry.hub import adminsite
from mageferry.hub.routes.building import BEFORE_SENT, INCOMING_OUTLINES, OUTGOING_OUTLINES, STEPS
from mageferry.hub.routes.editor import EditorField, EditorWidget, sentence, without_secrets
from mageferry.hub.routes.memory_forms import JsonText
from mageferry.hub.routes.models import Incoming, IncomingType, Outgoing, Route, StoredTest
from mageferry.hub.routes.schedules import CRON, schedule_of
from mageferry.hub.routes.settings import missing_records, put_settings
from mageferry.hub.work.cron import BadCron, BadTimeZone, Cron, parse_time_zone

SHORT_DESCRIPTION: Final = MappingProxyType({"description": adminsite.Textarea(attrs={"rows": 2})})


def _editor(form: Any) -> EditorField:
    """The field of a form with the settings."""
    field: EditorField = form.fields["described"]
    return field


class _EndForm(forms.ModelForm):  # type: ignore[type-arg]
    """What an incoming and an outgoing have in common: a type, and settings that are described by it."""

    outlines: ClassVar[Mapping[str, list[Node]]]
    # A trial leaves the page as it is, with what was typed in it.
    shown_again = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shown_before = self._shown_settings()
        self.initial["described"] = self._shown_before
        # The type as it is stored: a secret of one type is none of another's.
        self._stored_type = self.instance.type

    def _shown_settings(self) -> dict[str, Any]:
        return dict(self.instance.settings)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        type_name, given = cleaned.get("type"), cleaned.get("described")
        if type_name and given is not None:
            problems = self._put(type_name, dict(given))
            if problems:
                self.add_error("described", _editor(self).refuse(problems))
            for name in ("client", "storage", "account"):
                setattr(self.instance, name, cleaned.get(name))
            for problem in missing_records(self.instance):
                self.add_error(problem.path, sentence(problem.message, problem.remedy))
        if self.errors and self.shown_again:
            self._hide_secrets()
        return cleaned

    def _put(self, type_name: str, given: dict[str, Any]) -> list[Problem]:
        record = self.instance
        if type_name != self._stored_type:
            record.settings, record.secrets = {}, Secret("")
        record.type = type_name
        try:
            put_settings(record, given)
        except ConfigError as error:
            return list(error.problems)
        return []

    def _hide_secrets(self) -> None:
        """The form is shown again, and nothing that was typed into a box for secrets with it."""
        type_name, given = self.data.get("type", ""), self.cleaned_data.get("described")
        try:
            typed = given if given is not None else json.loads(self.data.get("described", ""))
        except (json.JSONDecodeError, RecursionError):
            return
        stored = self._shown_before if type_name == self._stored_type else {}
        shown, told = without_secrets(self.outlines.get(type_name, []), typed, stored)
        self.fields["described"].widget.problems = {**told, **self.fields["described"].widget.problems}
        changed = self.data.copy() if isinstance(self.data, QueryDict) else dict(self.data)
        changed["described"] = json.dumps(shown, indent=2, ensure_ascii=False)
        self.data = changed


class IncomingForm(_EndForm):
    """An incoming."""

    outlines = INCOMING_OUTLINES
    described = EditorField(EditorWidget(INCOMING_OUTLINES, "type", STEPS), label="Step by step")
    sample = forms.CharField(
        required=False,
        strip=False,
        label="Sample to try it with",
        help_text="Items as JSON, as they would come in a delivery or file. It isn't saved.",
        widget=adminsite.Textarea(attrs={"rows": 5, "spellcheck": "false", "placeholder": '[{"id": 1}]'}),
    )

    class Meta:
        model = Incoming
        fields = ("name", "code", "enabled", "description", "type", "client", "storage", "account")
        widgets = SHORT_DESCRIPTION

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["described"].widget.try_url = reverse(
            "admin:routes_incoming_try", args=(self.instance.pk or 0,)
        )

    def _shown_settings(self) -> dict[str, Any]:
        listed = self.instance.transformers
        return {**super()._shown_settings(), **({"transformers": listed} if listed else {})}

    def _put(self, type_name: str, given: dict[str, Any]) -> list[Problem]:
        listed = given.pop("transformers", [])
        self.instance.transformers = listed
        # Those of the type HTTP are read together with its settings.
        own = problems_of_transformers(listed) if type_name != IncomingType.HTTP else []
        return own + super()._put(type_name, given)

    def clean_sample(self) -> Any:
        """The items, None without any."""
        text = self.cleaned_data["sample"]
        if not text.strip():
            return None
        try:
            return json.loads(text)
        except (json.JSONDecodeError, RecursionError):
            raise ValidationError('The sample is no JSON. Write a list of items: [{"id": 1}].') from None


class OutgoingForm(_EndForm):
    """An outgoing."""

    outlines = OUTGOING_OUTLINES
    described = EditorField(EditorWidget(OUTGOING_OUTLINES, "type"), label="Settings")

    class Meta:
        model = Outgoing
        fields = ("name", "code", "enabled", "description", "type", "client", "storage", "account")
        widgets = SHORT_DESCRIPTION


def problems_of_transformers(listed: Any) -> list[Problem]:
    """What is wrong with a list of transformers."""
    try:
        Transformers.parse(listed, "transformers")
    except ConfigError as error:
        return list(error.problems)
    return []


class _TransformersForm(forms.ModelForm):  # type: ignore[type-arg]
    """For records with transformers of their own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        listed = self.instance.transformers
        self.initial["described"] = {"transformers": listed} if listed else {}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        given = cleaned.get("described")
        if given is not None:
            problems = problems_of_transformers(given.get("transformers", []))
            problems += [
                Problem(name, "there is no such option", "Write transformers only.")
                for name in given
                if name != "transformers"
            ]
            if problems:
                self.add_error("described", _editor(self).refuse(problems))
            else:
                self.instance.transformers = given.get("transformers", [])
        return cleaned


class RouteForm(_TransformersForm):
    """A route, with its schedule."""

    described = EditorField(
        EditorWidget(
            {"route": [BEFORE_SENT]}, steps={"route": {"transformers": "Run the steps: read one page"}}
        ),
        label="Transformers",
    )
    cron = forms.CharField(
        max_length=100,
        required=False,
        label="Runs at (cron)",
        initial=CRON,
        help_text="Minute, hour, day, month, weekday: */15 * * * * is each quarter of an hour. Webhooks need none.",
        widget=adminsite.TextInput(attrs={"spellcheck": "false"}),
    )
    time_zone = forms.CharField(
        max_length=64,
        required=False,
        label="Time zone",
        initial="UTC",
        help_text="Such as Europe/Berlin.",
        widget=adminsite.TextInput(attrs={"spellcheck": "false"}),
    )
    paused = forms.BooleanField(
        required=False, label="Paused", help_text="It doesn't run by itself.", widget=adminsite.Checkbox()
    )

    class Meta:
        model = Route
        exclude = ("transformers",)
        widgets = SHORT_DESCRIPTION

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["described"].widget.try_url = reverse(
            "admin:routes_route_try", args=(self.instance.pk or 0,)
        )
        schedule = schedule_of(self.instance) if self.instance.pk else None
        if schedule is not None:
            for name in ("cron", "time_zone", "paused"):
                self.initial.setdefault(name, getattr(schedule, name))

    def clean_cron(self) -> str:
        text = str(self.cleaned_data["cron"]).strip() or CRON
        try:
            Cron.parse(text)
        except BadCron as error:
            raise ValidationError(str(error)) from None
        return text

    def clean_time_zone(self) -> str:
        text = str(self.cleaned_data["time_zone"]).strip() or "UTC"
        try:
            parse_time_zone(text)
        except BadTimeZone as error:
            raise ValidationError(str(error)) from None
        return text


class StoredTestForm(_TransformersForm):
    """A stored test."""

    described = EditorField(EditorWidget({"test": [BEFORE_SENT]}), label="Own transformers")
    input = JsonText(help_text="A list of entities.")
    expected = JsonText(required=False, help_text="The list of what they become.")
    failures = JsonText(
        required=False, rows=1, help_text="Places in the input, from 1, of entities that should fail: [2]."
    )

    class Meta:
        model = StoredTest
        fields = ("name", "route", "input", "expected", "failures")

    def clean_expected(self) -> Any:
        return self.cleaned_data["expected"] or []

    def clean_failures(self) -> Any:
        return self.cleaned_data["failures"] or []
