"""Stored tests of transformers: made from a task or a trial, run by a button."""

from __future__ import annotations

import json
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from mageferry.hub import adminsite
from mageferry.hub.routes.forms import StoredTestForm
from mageferry.hub.routes.models import RouteTask, StoredTest, TaskStage
from mageferry.hub.routes.shown import pretty
from mageferry.hub.routes.stored_tests import actual_of, run_test
from mageferry.hub.routes.task_page import transformed_now

_OF_A_TRIAL: Final = ("transformers", "input", "expected")


@adminsite.register(StoredTest)
class StoredTestAdmin(adminsite.ModelAdmin):
    form = StoredTestForm
    list_display = ("name", "route", "updated_at")
    list_filter = ("route",)
    list_select_related = ("route",)
    search_fields = ("name",)
    actions = ("run_chosen",)
    actions_detail = ("run_this",)
    fieldsets = (
        (None, {"fields": ("name", "route", "described")}),
        ("What goes in, and what comes out", {"fields": ("input", "expected", "failures")}),
    )

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("of-task/<int:pk>/", wrap(self.of_task), name="routes_storedtest_of_task"),
            path("from-trial/", wrap(self.from_trial), name="routes_storedtest_from_trial"),
            *super().get_urls(),
        ]

    @adminsite.action(description="Run the chosen", permissions=["view"])
    def run_chosen(self, request: HttpRequest, queryset: QuerySet[StoredTest]) -> HttpResponse:
        return self._report(request, list(queryset.select_related("route")))

    @adminsite.action(description="Run it", url_path="run", permissions=["view"])
    def run_this(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """With the test as it is saved."""
        return self._report(
            request, [get_object_or_404(StoredTest.objects.select_related("route"), pk=object_id)]
        )

    def _report(self, request: HttpRequest, tests: list[StoredTest]) -> HttpResponse:
        rows: list[dict[str, Any]] = []
        for test in tests:
            verdict = run_test(test)
            row: dict[str, Any] = {"test": test, "verdict": verdict}
            if not verdict.passed:
                row |= {"expected": pretty(test.expected), "actual": pretty(actual_of(test))}
            rows.append(row)
        context = {
            **self.admin_site.each_context(request),
            "title": "Stored tests",
            "opts": self.opts,
            "rows": rows,
            "passed": sum(row["verdict"].passed for row in rows),
        }
        return TemplateResponse(request, "routes/verdicts.html", context)

    def of_task(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A test of the route's transformers: the entity of a task, and what they make of it now."""
        if request.method != "POST" or not self.has_add_permission(request):
            raise PermissionDenied
        task = get_object_or_404(RouteTask.objects.select_related("route__incoming"), pk=pk)
        if not request.user.has_perm("routes.view_routetask"):
            raise PermissionDenied
        if task.stage != TaskStage.ENTITY:
            messages.error(
                request, "Only an entity before the transformers of its route can be stored as a test."
            )
            return adminsite.back_to(RouteTask, pk)
        stages, problem = transformed_now(task)
        if problem:
            messages.error(request, problem)
            return adminsite.back_to(RouteTask, pk)
        fails = any(stage.failures for stage in stages)
        made = stages[-1].entities if stages else [task.entity]
        test = StoredTest(
            route=task.route,
            input=[task.entity],
            expected=[] if fails else made,
            failures=[1] if fails else [],
        )
        return self._stored(request, test, f"{task.route}: {task.identifier}")

    def from_trial(self, request: HttpRequest) -> HttpResponse:
        """A test of input transformers, as a trial has shown them."""
        if request.method != "POST" or not self.has_add_permission(request):
            raise PermissionDenied
        try:
            given = {
                name: json.loads(request.POST.get(f"test_{name}", ""))
                for name in ("input", "expected", "transformers")
            }
            test = StoredTest(**given)
            test.clean()
        except (ValueError, RecursionError, ValidationError):
            return HttpResponse("This is no test: run the step again and store it from there.", status=400)
        return self._stored(request, test, request.POST.get("name", "") or "Incoming")

    def _stored(self, request: HttpRequest, test: StoredTest, name: str) -> HttpResponse:
        test.name = _free_name(name)
        test.save()
        self.log_addition(request, test, "Stored from a task or trial.")
        messages.success(
            request, f"It is stored as the test {test.name}. Change what is expected if it isn't right."
        )
        return adminsite.back_to(StoredTest, test.pk)


def _free_name(name: str) -> str:
    begin = name[:60]
    if not StoredTest.objects.filter(name=begin).exists():
        return begin
    return f"{begin} ({timezone.localtime():%Y-%m-%d %H:%M:%S.%f})"[:100]
