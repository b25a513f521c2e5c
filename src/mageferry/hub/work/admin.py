"""Pages of the ledger: units of work, runs, marks."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest

from mageferry.hub import adminsite
from mageferry.hub.work import ledger, models


@adminsite.register(models.WorkUnit)
class WorkUnitAdmin(adminsite.ReadOnlyAdmin):
    list_display = (
        "subject", "kind", "shown_status", "attempts", "reason", "remedy", "connector_key", "not_before", "updated_at",
    )  # fmt: skip
    list_filter = ("status", "kind", "connector_key", "step")
    search_fields = ("subject", "reason", "dedup_key")
    actions = ("try_again", "skip")
    actions_detail = ("retry_this",)

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

    @adminsite.action(description="Retry")
    def try_again(self, request: HttpRequest, queryset: QuerySet[models.WorkUnit]) -> None:
        count = ledger.try_again(list(queryset.values_list("pk", flat=True)))
        self.message_user(request, f"{count} units of work are due again.")

    @adminsite.action(description="Skip")
    def skip(self, request: HttpRequest, queryset: QuerySet[models.WorkUnit]) -> None:
        count = ledger.skip(list(queryset.values_list("pk", flat=True)), f"Skipped by {request.user}.")
        self.message_user(request, f"{count} units of work were skipped.")

    @adminsite.action(description="Retry", url_path="retry")
    def retry_this(self, request: HttpRequest, object_id: int) -> adminsite.HttpResponse:
        ledger.try_again([object_id])
        self.message_user(request, "The unit of work is due again.")
        return adminsite.back_to(models.WorkUnit, object_id)


@adminsite.register(models.FlowRun)
class FlowRunAdmin(adminsite.ReadOnlyAdmin):
    list_display = (
        "title", "shown_status", "started_at", "finished_at", "read", "created", "updated", "unchanged", "skipped",
        "failed", "error",
    )  # fmt: skip
    list_filter = ("flow", "status", "connector_key")
    search_fields = ("title", "error")

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
