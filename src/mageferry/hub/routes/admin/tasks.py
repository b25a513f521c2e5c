"""The list of tasks, and the page with the whole way of one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from mageferry.http.publisher.chain import ChainStateError
from mageferry.hub import adminsite
from mageferry.hub.routes import operations, task_page
from mageferry.hub.routes.admin.links import requests_during
from mageferry.hub.routes.models import RouteTask
from mageferry.hub.routes.plain import NotStorable
from mageferry.hub.routes.shown import pretty
from mageferry.hub.routes.trial import Stage
from mageferry.hub.security.encryption import UnreadableSecret
from mageferry.hub.work.models import UnitStatus
from mageferry.hub.work.operations import NotNow

TASKS: Final = "admin:routes_routetask"
LABELS: Final[Mapping[str, str]] = {
    "Finished": "success",
    "Failed": "danger",
    "Retry": "warning",
    "Processing": "info",
    "Rejected": "danger",
}


class Refused(Exception):
    """Why a button did nothing; the text is for the person who pressed it."""


class StatusFilter(adminsite.SimpleListFilter):
    """By status, with how many there are of each."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = RouteTask.objects.order_by()
        route = request.GET.get("route__id__exact", "")
        if route.isdecimal():
            rows = rows.filter(route=int(route))
        counts = dict(rows.values_list("unit__status").annotate(Count("pk")))
        return [
            (value, f"{label} ({counts[value]:,})") for value, label in UnitStatus.choices if value in counts
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(unit__status=self.value()) if self.value() else queryset


@adminsite.register(RouteTask)
class TaskAdmin(adminsite.ReadOnlyAdmin):
    list_display = (
        "number", "identifier", "route", "shown_status", "attempts", "reason", "next_attempt", "created_at",
    )  # fmt: skip
    list_filter = (StatusFilter, "route", "stage", ("created_at", adminsite.MomentFilter))
    list_filter_submit = True
    list_select_related = ("unit", "route")
    search_fields = ("identifier", "=unit__id", "unit__reason")
    search_help_text = "Id of the entity, number of the task, or words of the reason."
    # Counting all rows of a long list takes longer than showing a page of it.
    show_full_result_count = False
    actions = ("retry_chosen", "skip_chosen")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("routes.change_routetask")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("entity", "transformed", "chain_state", "result")

    @adminsite.display(description="task", ordering="pk")
    def number(self, task: RouteTask) -> str:
        return str(task.unit_id)

    @adminsite.display(description="status", ordering="unit__status", label=LABELS)
    def shown_status(self, task: RouteTask) -> str:
        return task.unit.get_status_display()

    @adminsite.display(description="attempts")
    def attempts(self, task: RouteTask) -> int:
        return task.unit.attempts

    @adminsite.display(description="reason and remedy")
    def reason(self, task: RouteTask) -> str:
        reason, remedy = task.unit.reason, task.unit.remedy
        style = "max-width: 28rem; white-space: normal; overflow-wrap: anywhere"
        return format_html('<div style="{}">{}<br><small>{}</small></div>', style, reason[:400], remedy[:200])

    @adminsite.display(description="next attempt", ordering="unit__not_before")
    def next_attempt(self, task: RouteTask) -> str:
        return task_page.next_attempt(task.unit)

    @admin.action(description="Retry the chosen", permissions=["change"])
    def retry_chosen(self, request: HttpRequest, queryset: QuerySet[RouteTask]) -> None:
        count = 0
        for portion in operations.portions_of(queryset):
            count += operations.retry(portion, str(request.user))
            self._log(request, portion, "Retried, with others.")
        self.message_user(request, f"{count} tasks are due again.")

    @admin.action(description="Skip the chosen", permissions=["change"])
    def skip_chosen(self, request: HttpRequest, queryset: QuerySet[RouteTask]) -> None:
        count = 0
        for portion in operations.portions_of(queryset):
            count += operations.skip(portion, f"Skipped by {request.user}.")
            self._log(request, portion, "Skipped, with others.")
        self.message_user(request, f"{count} tasks were skipped.")

    def _log(self, request: HttpRequest, tasks: Sequence[RouteTask], said: str) -> None:
        assert request.user.pk is not None, "who may change has signed in"
        LogEntry.objects.log_actions(request.user.pk, tasks, CHANGE, said)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.press)
        return [path("<int:pk>/do/", view, name="routes_routetask_do"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The whole way of a task; it is read here and changed by its buttons."""
        task = self._task(object_id)
        if not self.has_view_permission(request, task):
            raise PermissionDenied
        return self._page(request, task)

    def press(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What a button asks for; what was typed stays when it is refused."""
        task = self._task(pk)
        if not self.has_change_permission(request, task):
            raise PermissionDenied
        if request.method != "POST":
            return adminsite.back_to(RouteTask, pk)
        what = request.POST.get("what", "")
        if what == "try":
            return self._page(request, task, stages=task_page.transformed_now(task))
        act = _ACTS.get(what)
        if act is None:
            return HttpResponse("There is no such button.", status=400)
        try:
            said = act(task, request)
        except (Refused, NotNow, NotStorable, ChainStateError, UnreadableSecret) as error:
            messages.error(request, str(error))
            return self._page(request, task, typed=request.POST.get("entity"))
        self.log_change(request, task, said)
        messages.success(request, said)
        return adminsite.back_to(RouteTask, pk)

    def _task(self, pk: str | int) -> RouteTask:
        records = ("unit", "run", "parent", "route__incoming__client", "route__outgoing__client")
        rows = RouteTask.objects.select_related(*records)
        return get_object_or_404(rows, pk=int(pk) if str(pk).isdecimal() else 0)

    def _page(
        self,
        request: HttpRequest,
        task: RouteTask,
        typed: str | None = None,
        stages: tuple[list[Stage], str] | None = None,
    ) -> HttpResponse:
        may_change = self.has_change_permission(request, task)
        exchanges = list(task.exchanges.all())
        entity = pretty(task.entity)
        shown_stages, problem = stages or ([], "")
        context = {
            **self.admin_site.each_context(request),
            "title": f"Task {task.unit_id} of {task.route}",
            "opts": self.opts,
            "original": task,
            "task": task,
            "unit": task.unit,
            "label": LABELS.get(task.unit.get_status_display(), "default"),
            "next_attempt": task_page.next_attempt(task.unit),
            "requests_of_run": requests_during(task.run, task.route.incoming.client),
            "entity": entity,
            "typed": entity if typed is None else typed,
            "sent": pretty(task.transformed) if task.is_transformed else "",
            "result": pretty(task.result) if task.result else "",
            "attempts": task_page.attempts_of(exchanges, task.retries.all()),
            "choices": task_page.choices_of(task.unit) if may_change else None,
            "tries": stages is not None,
            "stages": shown_stages,
            "stages_problem": problem,
            "others": task_page.other_tasks(task),
            "parts": list(task.parts.select_related("unit")[: task_page.MOST_OTHERS]),
            "deeds": LogEntry.objects.filter(
                content_type__app_label="routes", content_type__model="routetask", object_id=str(task.pk)
            ).select_related("user"),
            "may_store_test": request.user.has_perm("routes.add_storedtest"),
            "do_url": reverse(f"{TASKS}_do", args=(task.pk,)),
        }
        return TemplateResponse(request, "routes/task.html", context)


def _retry(task: RouteTask, request: HttpRequest) -> str:
    if not operations.retry([task], str(request.user)):
        raise Refused(f"The task is {task.unit.get_status_display()}: there is nothing to retry.")
    return "Retried: it is due and starts as soon as a worker is free."


def _skip(task: RouteTask, request: HttpRequest) -> str:
    if not operations.skip([task], f"Skipped by {request.user}."):
        raise Refused(f"The task is {task.unit.get_status_display()}: it can't be skipped.")
    return "Skipped: it is left undone."


def _edit(task: RouteTask, request: HttpRequest) -> str:
    try:
        edited = json.loads(request.POST.get("entity", ""))
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Refused(f"The entity isn't JSON ({where}). Correct it, then try again.") from None
    except RecursionError:
        raise Refused("The entity is nested too deeply.") from None
    operations.edit_and_retry(task, task_page.unmasked(edited, task.entity), str(request.user))
    return "Edited and retried: it is due with its new entity."


def _send_again(task: RouteTask, request: HttpRequest) -> str:
    operations.send_again(task, str(request.user))
    return "Not there: it is sent once more."


def _mark_done(task: RouteTask, request: HttpRequest) -> str:
    remote_id = request.POST.get("remote_id", "").strip()
    operations.mark_done(task, remote_id or None, str(request.user))
    return f"There{f' as {remote_id}' if remote_id else ''}: it isn't sent again."


_ACTS: Final[Mapping[str, Callable[[RouteTask, HttpRequest], str]]] = {
    "retry": _retry,
    "skip": _skip,
    "edit": _edit,
    "send_again": _send_again,
    "mark_done": _mark_done,
}
