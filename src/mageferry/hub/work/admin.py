"""Pages of the ledger: units of work, runs, marks, schedules, pauses, limits."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models as fields
from django.db.models import QuerySet
from django.http import HttpRequest

from mageferry.hub import adminsite
from mageferry.hub.work import models, operations, schedules
from mageferry.hub.work.clock import database_now
from mageferry.hub.work.operations import NotNow, check_editable
from mageferry.hub.work.units import check_payload


class PayloadForm(forms.ModelForm):  # type: ignore[type-arg]
    """Edit and retry: another payload for a unit that isn't done."""

    class Meta:
        model = models.WorkUnit
        fields = ("payload",)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            check_editable(models.WorkUnit.objects.get(pk=self.instance.pk))
            if "payload" in cleaned:
                check_payload(str(self.instance), cleaned["payload"])
        except (NotNow, ValueError) as error:
            raise forms.ValidationError(str(error)) from None
        return cleaned


@adminsite.register(models.WorkUnit)
class WorkUnitAdmin(adminsite.ReadOnlyAdmin):
    form = PayloadForm
    list_display = (
        "subject", "kind", "shown_status", "attempts", "reason", "remedy", "connector_key", "not_before", "updated_at",
    )  # fmt: skip
    list_filter = ("status", "kind", "connector_key", "step")
    search_fields = ("subject", "reason", "dedup_key")
    actions = ("try_again", "skip", "cancel")
    actions_detail = ("retry_this",)

    def has_change_permission(self, request: HttpRequest, obj: fields.Model | None = None) -> bool:
        return request.user.has_perm("work.change_workunit")

    def has_retry_this_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_change_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(each.name for each in models.WorkUnit._meta.fields if each.name != "payload")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        operations.edit_and_retry(obj.pk, form.cleaned_data["payload"])

    @adminsite.display(
        description="status",
        ordering="status",
        label={
            "Finished": "success",
            "Failed": "danger",
            "Retry": "warning",
            "Processing": "info",
            "Rejected": "danger",
        },
    )
    def shown_status(self, unit: models.WorkUnit) -> str:
        return unit.get_status_display()

    @admin.action(description="Retry", permissions=["change"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[models.WorkUnit]) -> None:
        count = operations.try_again(list(queryset.values_list("pk", flat=True)), str(request.user))
        self.message_user(request, f"{count} units of work are due again.")

    @admin.action(description="Skip", permissions=["change"])
    def skip(self, request: HttpRequest, queryset: QuerySet[models.WorkUnit]) -> None:
        count = operations.skip(list(queryset.values_list("pk", flat=True)), f"Skipped by {request.user}.")
        self.message_user(request, f"{count} units of work were skipped.")

    @admin.action(description="Cancel", permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[models.WorkUnit]) -> None:
        count = operations.cancel(
            list(queryset.values_list("pk", flat=True)), f"Cancelled by {request.user}."
        )
        self.message_user(request, f"{count} units of work were cancelled.")

    @adminsite.action(description="Retry", url_path="retry", permissions=["change"])
    def retry_this(self, request: HttpRequest, object_id: int) -> adminsite.HttpResponse:
        operations.try_again([object_id], str(request.user))
        self.message_user(request, "The unit of work is due again.")
        return adminsite.back_to(models.WorkUnit, object_id)


@adminsite.register(models.FlowRun)
class FlowRunAdmin(adminsite.ReadOnlyAdmin):
    list_display = (
        "title", "shown_status", "started_at", "finished_at", "read", "created", "updated", "unchanged", "skipped",
        "failed", "error",
    )  # fmt: skip
    list_filter = ("flow", "status", "connector_key")
    search_fields = ("title", "error", "notes")

    @adminsite.display(
        description="status",
        ordering="status",
        label={
            "Finished": "success",
            "Failed": "danger",
            "Finished with failures": "warning",
            "Running": "info",
        },
    )
    def shown_status(self, run: models.FlowRun) -> str:
        return run.get_status_display()


@adminsite.register(models.Mark)
class MarkAdmin(adminsite.ModelAdmin):
    """A mark may be deleted: then the flow reads from the beginning again."""

    list_display = ("scope", "flow", "value", "updated_at")
    list_filter = ("flow",)


@adminsite.register(models.Schedule)
class ScheduleAdmin(adminsite.ModelAdmin):
    """Made by themselves for each switched-on row; a person changes when, and holds them."""

    list_display = ("title", "cron", "time_zone", "shown_state", "next_at", "last_at", "error")
    list_filter = ("flow", "paused", "enabled", "connector_key")
    search_fields = ("title", "scope")
    fields = ("title", ("cron", "time_zone"), ("spread_seconds", "paused"), ("next_at", "last_at"), "error")
    readonly_fields = ("title", "next_at", "last_at", "error")
    actions = ("pause", "resume")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @adminsite.display(description="state", label={"on": "success", "paused": "warning", "off": "info"})
    def shown_state(self, schedule: models.Schedule) -> str:
        if not schedule.enabled:
            return "off"
        return "paused" if schedule.paused else "on"

    def save_model(self, request: HttpRequest, obj: models.Schedule, form: Any, change: bool) -> None:
        schedules.plan(obj, database_now())
        # Only what the form is about: the scheduler writes the other columns at the same time.
        obj.save(update_fields=["cron", "time_zone", "spread_seconds", "paused", "next_at", "error"])

    @admin.action(description="Pause", permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[models.Schedule]) -> None:
        count = schedules.pause_schedules(list(queryset.values_list("pk", flat=True)))
        self.message_user(request, f"{count} schedules are paused. What runs is finished.")

    @admin.action(description="Resume", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[models.Schedule]) -> None:
        count = schedules.resume_schedules(list(queryset.values_list("pk", flat=True)))
        self.message_user(request, f"{count} schedules go on; a time that was missed is made up for once.")


@adminsite.register(models.Pause)
class PauseAdmin(adminsite.ModelAdmin):
    """Add one to hold a connector, or * for all of them; delete it to let it go on."""

    list_display = ("connector_key", "since", "reason")


@adminsite.register(models.Limit)
class LimitAdmin(adminsite.ReadOnlyAdmin):
    list_display = (
        "connector_key", "concurrency", "allowed", "requests", "interval_seconds", "closed_until", "lowered_at",
        "reason",
    )  # fmt: skip
