"""Tasks: one entity of a route each, one to one with its unit of work, which has status, reason and attempts."""

from __future__ import annotations

from django.db import models

from mageferry.hub.routes.models.fields import OrderedJSONField
from mageferry.hub.routes.models.records import Route
from mageferry.hub.security.fields import SecretField
from mageferry.hub.work.models import FlowRun, WorkUnit


class TaskStage(models.TextChoices):
    """How far the data of a task had come when the task was written."""

    ITEM = "item", "As it came: it is no entity yet"
    ENTITY = "entity", "Entity, before the transformers of the route"
    READY = "ready", "Transformed: a part of an entity that became several"


class RouteTask(models.Model):
    """One entity on its way through a route.

    `entity` is the data at its stage; `transformed` what is sent, once that is known: an attempt whose outcome is
    unclear is settled with the very same. `chain_state` is how far a chain has come (`ChainState`), with what the
    other system answered.
    """

    unit = models.OneToOneField(WorkUnit, on_delete=models.CASCADE, related_name="route_task")
    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="tasks")
    run = models.ForeignKey(FlowRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="parts")
    stage = models.CharField(max_length=8, choices=TaskStage, default=TaskStage.ENTITY)
    identifier = models.TextField(blank=True)
    entity_key = models.CharField(max_length=32, help_text="Digest of the identifier.")
    fingerprint = models.CharField(max_length=64)
    version = models.DecimalField(
        max_digits=26,
        decimal_places=6,
        null=True,
        blank=True,
        help_text="Of two looks the later has the greater.",
    )
    source = models.CharField(max_length=200, blank=True, help_text="Where it came from: page, file.")
    entity = OrderedJSONField(null=True)
    transformed = OrderedJSONField(null=True, blank=True)
    is_transformed = models.BooleanField(default=False)
    is_partly_done = models.BooleanField(default=False, help_text="Steps of its chain are done.")
    attempts_before = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text="Attempts before a person retried it; its unit counts from then on.",
    )
    chain_state = SecretField(blank=True, default="", editable=False)
    result = OrderedJSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "route_task"
        verbose_name = "task"
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("route", "entity_key", "-id"), name="route_task_entity"),
            models.Index(fields=("route", "-id"), name="route_task_newest"),
        )

    def __str__(self) -> str:
        return f"{self.route} {self.identifier}".strip()


class TaskRetry(models.Model):
    """A person retried a task."""

    task = models.ForeignKey(RouteTask, on_delete=models.CASCADE, related_name="retries")
    at = models.DateTimeField()
    by = models.CharField(max_length=150, blank=True, help_text="Whoever it was; empty: nobody said.")

    class Meta:
        db_table = "route_retry"
        verbose_name = "retry of a task"
        verbose_name_plural = "retries of tasks"
        ordering = ("task", "pk")

    def __str__(self) -> str:
        return f"Retried by {self.by}" if self.by else "Retried"


class TaskExchange(models.Model):
    """One request of a task and its answer, as they went over the wire; secrets are masked before they come here."""

    task = models.ForeignKey(RouteTask, on_delete=models.CASCADE, related_name="exchanges")
    attempt = models.PositiveIntegerField()
    step = models.CharField(max_length=60, blank=True, help_text="Step of a chain.")
    sent_at = models.DateTimeField()
    method = models.CharField(max_length=20)
    url = models.TextField("address")
    status = models.PositiveSmallIntegerField(null=True, help_text="Empty: there was no answer.")
    elapsed_ms = models.PositiveIntegerField("milliseconds")
    error = models.TextField(blank=True, default="")
    request = models.TextField(blank=True, default="")
    answer = models.TextField(blank=True, default="")

    class Meta:
        db_table = "route_exchange"
        verbose_name = "request of a task"
        verbose_name_plural = "requests of tasks"
        ordering = ("task", "pk")

    def __str__(self) -> str:
        return f"{self.method} {self.url}"[:120]
