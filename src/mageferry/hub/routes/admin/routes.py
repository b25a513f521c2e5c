"""Routes: their form with transformers and schedule, and the page of their work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import modelform_factory
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from mageferry.hub import adminsite
from mageferry.hub.pipelines.admin.words import state_of
from mageferry.hub.pipelines.shown import cut
from mageferry.hub.routes import operations
from mageferry.hub.routes.admin.ends import refused
from mageferry.hub.routes.admin.links import tasks_of
from mageferry.hub.routes.forms import RouteForm
from mageferry.hub.routes.models import Route
from mageferry.hub.routes.readiness import TaskCounts, problems_of, task_counts
from mageferry.hub.routes.runner import check_runnable, request_run
from mageferry.hub.routes.schedules import put_schedule, schedule_of
from mageferry.hub.routes.shown import pretty
from mageferry.hub.routes.trial import try_step
from mageferry.hub.routes.work_page import legend, tasks_by_hour, work_of
from mageferry.hub.work.models import UnitStatus
from mageferry.hub.work.operations import NotNow
from mageferry.hub.work.runs import NotRunnable
from mageferry.hub.work.schedules import pause_schedules, resume_schedules


@adminsite.register(Route)
class RouteAdmin(adminsite.ModelAdmin):
    form = RouteForm
    list_display = (
        "name", "code", "shown_enabled", "incoming", "outgoing", "open_tasks", "failed_tasks", "schedule", "work_link",
    )  # fmt: skip
    list_filter = ("enabled",)
    list_select_related = ("incoming", "outgoing")
    search_fields = ("name", "code", "description")
    readonly_fields = ("state",)
    actions = ("run_chosen",)
    actions_detail = ("see_work",)
    fieldsets = (
        (None, {"fields": (("name", "code"), "enabled", "description", "state")}),
        ("From and to", {"fields": ("incoming", "described", "outgoing")}),
        ("When it runs", {"fields": (("cron", "time_zone"), "paused", "tasks_per_run")}),
        ("Which entities", {"fields": ("changes", "priority")}),
        (
            "What fails, and how long tasks are kept",
            {
                "classes": ("collapse",),
                "fields": (
                    ("attempts", "interval_seconds", "backoff"),
                    "retry_statuses",
                    ("keep_days", "keep_tasks"),
                ),
            },
        ),
    )

    @adminsite.display(description="enabled", boolean=True, ordering="enabled")
    def shown_enabled(self, route: Route) -> bool:
        return route.enabled

    @adminsite.display(description="state")
    def state(self, route: Route) -> str:
        return state_of(problems_of(route)) if route.pk else "-"

    @adminsite.display(description="open")
    def open_tasks(self, route: Any) -> int:
        return int(route.task_counts.open)

    @adminsite.display(description="failed")
    def failed_tasks(self, route: Any) -> str:
        count = route.task_counts.failed
        url = tasks_of(route.pk, UnitStatus.FAILED)
        return format_html('<a class="text-red-600" href="{}">{}</a>', url, count) if count else "0"

    @adminsite.display(description="runs at")
    def schedule(self, route: Route) -> str:
        found = schedule_of(route)
        if found is None:
            return "not yet" if route.incoming.is_polled else "by deliveries"
        return f"{found.cron} ({found.time_zone}){', paused' if found.paused else ''}"

    @adminsite.display(description="work")
    def work_link(self, route: Route) -> str:
        url = reverse("admin:routes_route_work", args=(route.pk,))
        return format_html('<a class="text-primary-600" href="{}">Open</a>', url)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The rows of a page with their counts, which are asked for at once."""
        changelist = super().get_changelist_instance(request)
        counts = task_counts()
        for row in changelist.result_list:
            row.task_counts = counts.get(row.pk, TaskCounts())
        return changelist

    def save_model(self, request: HttpRequest, obj: Route, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        given = form.cleaned_data
        put_schedule(obj, cron=given["cron"], time_zone=given["time_zone"], paused=given["paused"])
        for problem in problems_of(obj):
            messages.warning(request, f"It is saved, but can't run yet. {problem}")

    def delete_model(self, request: HttpRequest, obj: Route) -> None:
        operations.remove_route(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Route]) -> None:
        for route in queryset:
            operations.remove_route(route)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Finished tasks go with their route; what waits or has failed keeps it."""
        counts = task_counts()
        kept = [
            f"{each}: {counts[each.pk].open} tasks wait and {counts[each.pk].failed} have failed. Let them be done, "
            "or skip them first."
            for each in objs
            if each.pk in counts
        ]
        rights = set() if self.has_delete_permission(request) else {self.opts.verbose_name}
        return [str(each) for each in objs], {self.opts.verbose_name_plural: len(objs)}, rights, kept

    @adminsite.action(description="Run the chosen now", permissions=["change_it"])
    def run_chosen(self, request: HttpRequest, queryset: QuerySet[Route]) -> None:
        for route in queryset.select_related("incoming", "outgoing"):
            said = _tell(request, route, _run)
            if said:
                self.log_change(request, route, said)

    @adminsite.action(description="See its work", url_path="see-work")
    def see_work(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return redirect(reverse("admin:routes_route_work", args=(object_id,)))

    def has_change_it_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(self.has_change_permission(request))

    def get_urls(self) -> list[URLPattern]:
        own = {"work": self.work_view, "do": self.press, "try": self.try_view}
        wrap = self.admin_site.admin_view
        paths = [
            path(f"<int:pk>/{name}/", wrap(view), name=f"routes_route_{name}") for name, view in own.items()
        ]
        return [*paths, *super().get_urls()]

    def work_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Counts, chart, runs and buttons; asked by its own script it gives what changes only."""
        route = get_object_or_404(Route.objects.select_related("incoming__client", "outgoing__client"), pk=pk)
        if not self.has_view_permission(request, route) or not request.user.has_perm("routes.view_routetask"):
            raise PermissionDenied
        work = work_of(route)
        context: dict[str, Any] = {
            "route": route,
            "work": work,
            "counts": [(label, count, tasks_of(pk, value)) for value, label, count in work.counts],
        }
        if request.headers.get("X-Requested-With") == "fetch":
            return render(request, "routes/progress.html", context)
        failed = route.tasks.filter(unit__status=UnitStatus.FAILED).select_related("unit").order_by("-pk")
        context |= {
            **self.admin_site.each_context(request),
            "title": f"Work of {route}",
            "opts": self.opts,
            "original": route,
            "problems": problems_of(route),
            "schedule": schedule_of(route),
            "chart": tasks_by_hour(route),
            "legend": legend(),
            "failed": failed[:10],
            "all_tasks": tasks_of(pk),
            "may_change": self.has_change_permission(request, route),
            "do_url": reverse("admin:routes_route_do", args=(pk,)),
            "poll": request.path,
        }
        return TemplateResponse(request, "routes/work.html", context)

    def press(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What a button of the page asks for."""
        route = get_object_or_404(Route.objects.select_related("incoming", "outgoing"), pk=pk)
        if not self.has_change_permission(request, route) or request.method != "POST":
            raise PermissionDenied
        act = _ACTS.get(request.POST.get("what", ""))
        if act is None:
            return HttpResponse("There is no such button.", status=400)
        said = _tell(request, route, act)
        if said:
            self.log_change(request, route, said)
        return redirect(reverse("admin:routes_route_work", args=(pk,)))

    def try_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One page of the incoming through the transformers as they stand in the form; nothing is stored or sent."""
        record = get_object_or_404(Route, pk=pk) if pk else Route()
        allowed = self.has_change_permission(request, record) if pk else self.has_add_permission(request)
        if not allowed or request.method != "POST":
            raise PermissionDenied
        form = modelform_factory(Route, form=RouteForm, fields=("incoming",))(request.POST, instance=record)
        if not form.is_valid():
            return refused(form)
        trial = try_step(form.instance.incoming, form.instance)
        context = {
            "trial": trial,
            "shows_items": True,
            "items": cut(pretty(trial.items)),
            "stages": trial.stages,
        }
        return JsonResponse({"html": render_to_string("routes/trial.html", context, request), "problems": {}})


def _tell(request: HttpRequest, route: Route, act: Callable[[Route, HttpRequest], str]) -> str:
    """Do it and say so; "" when it was refused."""
    try:
        said = act(route, request)
    except (NotNow, NotRunnable) as error:
        messages.error(request, str(error))
        return ""
    messages.success(request, said)
    return said


def _run(route: Route, request: HttpRequest) -> str:
    check_runnable(route)
    if request_run(route):
        return f"{route} runs as soon as a worker is free."
    return f"{route} is waiting to run already."


def _pause(route: Route, request: HttpRequest) -> str:
    schedule = schedule_of(route) or put_schedule(route)
    pause_schedules([schedule.pk])
    return f"{route} is paused: it doesn't run by itself. What runs is finished."


def _resume(route: Route, request: HttpRequest) -> str:
    schedule = schedule_of(route) or put_schedule(route)
    resume_schedules([schedule.pk])
    return f"{route} goes on; a time that was missed is made up for once."


def _retry_failed(route: Route, request: HttpRequest) -> str:
    return (
        f"{operations.retry(operations.failed_tasks(route), str(request.user))} failed tasks are due again."
    )


def _read_again(route: Route, request: HttpRequest) -> str:
    operations.read_from_the_beginning(route)
    return f"{route} reads from the beginning with its next run; what is unchanged is no task again."


_ACTS: Final[Mapping[str, Callable[[Route, HttpRequest], str]]] = {
    "run": _run,
    "pause": _pause,
    "resume": _resume,
    "retry_failed": _retry_failed,
    "read_again": _read_again,
}
