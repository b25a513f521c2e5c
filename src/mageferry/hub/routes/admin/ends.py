"""Incomings and outgoings: built step by step, and tried before they are saved."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Final

from django.core.exceptions import PermissionDenied
from django.forms import modelform_factory
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.views.decorators.debug import sensitive_post_parameters

from mageferry.hub import adminsite
from mageferry.hub.pipelines.admin.words import state_of
from mageferry.hub.pipelines.shown import cut
from mageferry.hub.routes import sending_once
from mageferry.hub.routes.admin.links import refusals_of
from mageferry.hub.routes.building import INCOMING_OUTLINES
from mageferry.hub.routes.editor import sentence
from mageferry.hub.routes.forms import IncomingForm, OutgoingForm
from mageferry.hub.routes.models import Incoming, IncomingType, Outgoing, RefusedDelivery, RouteTask
from mageferry.hub.routes.preview import preview_request
from mageferry.hub.routes.refusals import SHOWN_HOURS, a_day_ago, count_refused
from mageferry.hub.routes.settings import find_problems
from mageferry.hub.routes.shown import pretty
from mageferry.hub.routes.trial import try_step

_ABOUT_EXCHANGES: Final = ("request", "answer")
_PAGES_OF_STEP: Final = {"pagination": 2}
# Which records a type needs, in the words of the page's script.
_RECORDS: Final = {
    "client": "type == 'http' || type == 'chain'",
    "storage": "type == 'storage'",
    "account": "type == 'hub'",
}
_RECORDS_AND_SAMPLE: Final = {**_RECORDS, "sample": "type == 'webhook' || type == 'file'"}
_PICKED: Final = 10


class _EndAdmin(adminsite.ModelAdmin):
    """What the pages of incomings and outgoings have in common."""

    list_filter = ("type", "enabled")
    list_select_related = ("client",)
    search_fields = ("name", "code", "description")
    readonly_fields: ClassVar[tuple[str, ...]] = ("state", "used_by")
    conditional_fields = _RECORDS

    @adminsite.display(description="enabled", boolean=True, ordering="enabled")
    def shown_enabled(self, record: Any) -> bool:
        return bool(record.enabled)

    @adminsite.display(description="state")
    def state(self, record: Any) -> str:
        return state_of([f"{each}." for each in find_problems(record)]) if record.pk else "-"

    @adminsite.display(description="used by")
    def used_by(self, record: Any) -> str:
        rows = record.routes.all() if record.pk else ()
        links = ((reverse("admin:routes_route_change", args=(each.pk,)), each.name) for each in rows)
        return format_html_join(", ", '<a class="text-primary-600" href="{}">{}</a>', links) or "-"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("routes")

    @method_decorator(sensitive_post_parameters())
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(request, *args, **kwargs)

    def own_path(self, name: str, view: Any) -> URLPattern:
        """An address of the page's own, for a record that is being changed or, with 0, added."""
        label = f"{self.opts.app_label}_{self.opts.model_name}_{name}"
        found: URLPattern = path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=label)
        return found

    def own_url(self, name: str, pk: int | None) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}", args=(pk or 0,))

    def allowed_record(self, request: HttpRequest, pk: int) -> Any:
        """The record, a new one for 0. Raises PermissionDenied for who may not save it either."""
        record = get_object_or_404(self.model, pk=pk) if pk else self.model()
        allowed = self.has_change_permission(request, record) if pk else self.has_add_permission(request)
        if not allowed or request.method != "POST":
            raise PermissionDenied
        return record


@adminsite.register(Incoming)
class IncomingAdmin(_EndAdmin):
    form = IncomingForm
    list_display = ("name", "code", "shown_enabled", "type", "client", "used_by", "updated_at")
    conditional_fields = _RECORDS_AND_SAMPLE
    readonly_fields = ("state", "used_by", "refused")
    fieldsets = (
        (None, {"fields": (("name", "code"), "enabled", "description", "state", "used_by", "refused")}),
        (
            "Where entities come from",
            {"fields": ("type", "client", "storage", "account", "sample", "described")},
        ),
    )

    @adminsite.display(description="refused deliveries")
    def refused(self, incoming: Incoming) -> str:
        if incoming.pk is None or incoming.type != IncomingType.WEBHOOK:
            return "-"
        rows = RefusedDelivery.objects.filter(incoming=incoming)
        lately, ever = count_refused(rows.filter(last_at__gte=a_day_ago())), count_refused(rows)
        told = f"{lately:,} in the last {SHOWN_HOURS} hours, {ever:,} in all that are kept"
        return format_html('<a class="text-primary-600" href="{}">{}</a>', refusals_of(incoming.pk), told)

    def get_urls(self) -> list[URLPattern]:
        return [self.own_path("try", self.try_view), *super().get_urls()]

    @method_decorator(sensitive_post_parameters())
    def try_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Runs an incoming as it stands in the form, up to a step; nothing is saved."""
        record = self.allowed_record(request, pk)
        step = request.POST.get("step", "")
        form = _trial_form(IncomingForm, _up_to(step, request.POST), record)
        if not form.is_valid():
            return refused(form)
        sample = form.cleaned_data.get("sample")
        trial = try_step(form.instance, sample=sample, pages=_PAGES_OF_STEP.get(step, 1))
        context = {
            "trial": trial,
            "step": step,
            "shows_exchanges": step in _ABOUT_EXCHANGES or bool(trial.error),
            "shows_items": step not in _ABOUT_EXCHANGES,
            "items": cut(pretty(trial.items)),
            "stages": trial.stages if step in ("transformers", "entities") else [],
            "test": _test_of(form.instance, trial)
            if request.user.has_perm("routes.add_storedtest")
            else None,
        }
        return JsonResponse({"html": render_to_string("routes/trial.html", context, request), "problems": {}})


@adminsite.register(Outgoing)
class OutgoingAdmin(_EndAdmin):
    form = OutgoingForm
    list_display = ("name", "code", "shown_enabled", "type", "client", "used_by", "updated_at")
    fieldsets = (
        (None, {"fields": (("name", "code"), "enabled", "description", "state", "used_by")}),
        ("Where entities go", {"fields": ("type", "client", "storage", "account", "described")}),
    )
    change_form_after_template = "routes/preview_panel.html"

    def get_urls(self) -> list[URLPattern]:
        views = [self.own_path("preview", self.preview_view), self.own_path("send", self.send_view)]
        return [*views, *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        pk = int(object_id) if object_id and object_id.isdecimal() else 0
        context = {
            **(extra_context or {}),
            "preview_url": self.own_url("preview", pk),
            "send_url": self.own_url("send", pk) if pk else "",
            "entities": _entities_for(pk) if request.user.has_perm("routes.view_routetask") else [],
            "entity": request.POST.get("entity", ""),
            "answers": request.POST.get("answers", ""),
        }
        return super().changeform_view(request, object_id, form_url, context)

    @method_decorator(sensitive_post_parameters())
    def preview_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The requests as they would be sent."""
        form, entity, answers = self._given(request, pk)
        if not form.is_valid():
            return refused(form)
        if isinstance(entity, str):
            return said(entity)
        preview = preview_request(form.instance, entity[0], answers)
        context = {
            "preview": preview,
            "entry": cut(pretty(preview.entry)) if preview.entry is not None else "",
        }
        return JsonResponse(
            {"html": render_to_string("routes/preview.html", context, request), "problems": {}}
        )

    @method_decorator(sensitive_post_parameters())
    def send_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Sends one entity for real, with the settings as they are saved, after an explicit yes."""
        record = self.allowed_record(request, pk)
        if "confirmed" not in request.POST:
            return said("Tick that you want to send it for real.")
        entity = _json_of(request.POST.get("entity", ""), "entity")
        if isinstance(entity, str):
            return said(entity)
        self.log_change(request, record, "Sent one entity for real, by hand.")
        outcome = sending_once.send_once(record, entity[0])
        context = {"sent": outcome, "result": pretty(outcome.result) if outcome.result else ""}
        return JsonResponse(
            {"html": render_to_string("routes/preview.html", context, request), "problems": {}}
        )

    def _given(self, request: HttpRequest, pk: int) -> tuple[Any, list[Any] | str, dict[str, Any]]:
        form = _trial_form(OutgoingForm, request.POST, self.allowed_record(request, pk))
        answers = (
            _json_of(request.POST.get("answers", ""), "answers") if request.POST.get("answers") else [{}]
        )
        if isinstance(answers, str) or not isinstance(answers[0], dict):
            return form, 'The answers are no JSON object. Write {"create": {"id": 1}}.', {}
        return form, _json_of(request.POST.get("entity", ""), "entity"), answers[0]


def _trial_form(form: type[Any], posted: Any, record: Any) -> Any:
    """The same form without what only matters when it is saved."""
    shortened: Any = modelform_factory(
        form.Meta.model, form=form, fields=("type", "client", "storage", "account")
    )
    made = shortened(posted, instance=record)
    made.shown_again = False
    return made


def _up_to(step: str, posted: Any) -> Any:
    """What was entered up to a step: what comes later doesn't matter yet, and may be unfinished."""
    type_name = posted.get("type", "")
    names = [node["name"] for node in INCOMING_OUTLINES.get(type_name, [])]
    try:
        given = json.loads(posted.get("described", ""))
    except (json.JSONDecodeError, RecursionError):
        return posted
    if (
        type_name != IncomingType.HTTP
        or step not in names
        or not isinstance(given, dict)
        or step == "entities"
    ):
        return posted
    later = names[names.index(step) + 1 :]
    changed = posted.copy()
    changed["described"] = json.dumps({name: item for name, item in given.items() if name not in later})
    return changed


def refused(form: Any) -> JsonResponse:
    """What keeps a form from being tried: the problems with their places, and words for those that have none."""
    problems = form.fields["described"].widget.problems
    texts = [
        sentence(f"{form.fields[name].label or name}: {text}" if name in form.fields else str(text))
        for name, errors in form.errors.items()
        for text in errors
    ]
    html = format_html_join("", '<p class="trial-error">{}</p>', ((text,) for text in texts))
    return JsonResponse({"html": html, "problems": problems})


def said(text: str) -> JsonResponse:
    """A sentence in place of a result."""
    return JsonResponse({"html": format_html('<p class="trial-error">{}</p>', text), "problems": {}})


def _json_of(text: str, name: str) -> list[Any] | str:
    """What was entered, in a list of one; or what is wrong with it."""
    try:
        return [json.loads(text)]
    except json.JSONDecodeError as error:
        if not text.strip():
            return f"Give an {name}: pick one, or paste it as JSON."
        return f"The {name} is no JSON (line {error.lineno}, column {error.colno}). Correct it there."
    except RecursionError:
        return f"The {name} is nested too deeply."


def _entities_for(pk: int) -> list[dict[str, str]]:
    """The newest entities of routes to an outgoing, to be picked."""
    rows = RouteTask.objects.filter(route__outgoing=pk).select_related("route").order_by("-pk")[:_PICKED]
    return [
        {
            "title": f"{row.identifier[:60]} ({row.route})",
            "text": pretty(row.transformed if row.is_transformed else row.entity),
        }
        for row in rows
    ]


def _test_of(incoming: Incoming, trial: Any) -> dict[str, str] | None:
    """What the input transformers made, to be stored as a test; nothing without any."""
    stages = trial.stages[: len(incoming.transformers)]
    if not incoming.transformers or len(stages) < len(incoming.transformers) or trial.error:
        return None
    made = {"transformers": incoming.transformers, "input": trial.items, "expected": stages[-1].entities}
    return {name: json.dumps(value) for name, value in made.items()}
