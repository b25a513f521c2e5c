"""The ledger's tables: units of work, runs, marks, leases, schedules, pauses, limits.

Nothing here knows what a unit does. A row is the only truth about a piece of work; whatever wakes a worker up may
be lost or doubled.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from mageferry.hub.work.cron import CRON_HELP, BadCron, BadTimeZone, Cron, parse_time_zone


class UnitStatus(models.TextChoices):
    """Where a unit of work stands."""

    NEW = "new", "New"
    PROCESSING = "processing", "Processing"
    FINISHED = "finished", "Finished"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Skipped"
    RETRY = "retry", "Retry"
    WAITING = "waiting", "Waiting"
    REJECTED = "rejected", "Rejected"


CLAIMABLE = (UnitStatus.NEW, UnitStatus.RETRY)
OPEN = (UnitStatus.NEW, UnitStatus.RETRY, UnitStatus.PROCESSING, UnitStatus.WAITING)


class Step(models.TextChoices):
    """How far the one write of a unit has come; committed before the request goes out."""

    INTENT = "intent", "Nothing sent"
    SENDING = "sending", "Sent, answer not recorded"
    UNCLEAR = "unclear", "Sent, unclear whether it happened"
    DONE = "done", "Answer recorded"


class WorkUnit(models.Model):
    """One piece of work: an order to export, a record to read again, a flow to run."""

    kind = models.CharField(max_length=40, help_text="What is to be done, e.g. export_order.")
    subject = models.CharField(max_length=200, help_text="What it is done to, e.g. order:12.")
    connector_key = models.CharField(
        max_length=60, blank=True, help_text="The connector it talks to, e.g. magento2:3."
    )
    dedup_key = models.CharField(
        max_length=200,
        null=True,
        blank=True,
        help_text="Two units with one key can't exist: the same work once.",
    )
    payload = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=10, choices=UnitStatus, default=UnitStatus.NEW)
    step = models.CharField(max_length=8, choices=Step, default=Step.INTENT)
    priority = models.SmallIntegerField(
        default=50, help_text="Lower goes first: orders 10, stock 50, catalogue 90."
    )
    # The columns with a database default came after the first version: its workers may go on writing rows
    # without them while the tables are already new.
    turn = models.BigIntegerField(
        default=0,
        db_default=0,
        help_text="Place in the queue of its priority; interleaves the connectors.",
    )
    deaths = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How many workers in a row ended while they had it."
    )
    trace = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="Trace that caused it (W3C traceparent).",
    )
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True, help_text="Why it failed, was skipped or waits.")
    remedy = models.TextField(blank=True, help_text="What a person can do about it.")
    request = models.TextField(blank=True, help_text="The last request, secrets masked.")
    answer = models.TextField(blank=True, help_text="The last answer, secrets masked.")
    result = models.JSONField(default=dict, blank=True)
    lease_owner = models.CharField(max_length=80, blank=True)
    lease_token = models.BigIntegerField(default=0, help_text="Fencing token: grows with every claim.")
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "work_unit"
        verbose_name = "unit of work"
        verbose_name_plural = "units of work"
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("dedup_key",), name="work_unit_dedup_key_unique"),)
        indexes = (
            # Claiming stays flat however many units are finished or wait for their time. Whole indexes, not partial
            # ones: SQLite can't tell that a bound status belongs to a partial one.
            models.Index(fields=("status", "priority", "turn", "id"), name="work_unit_queue"),
            models.Index(fields=("connector_key", "status", "priority", "turn"), name="work_unit_queue_of"),
            models.Index(fields=("status", "not_before"), name="work_unit_asleep"),
            models.Index(fields=("finished_at",), name="work_unit_ended"),
            # Of the first version; leaves with the next but one, when no worker of it can be running any more.
            models.Index(
                fields=("priority", "id"),
                name="work_unit_claimable",
                condition=Q(status__in=("new", "retry")),
            ),
            models.Index(
                fields=("lease_expires_at",), name="work_unit_leased", condition=Q(status="processing")
            ),
            models.Index(fields=("status", "kind"), name="work_unit_status_kind"),
            models.Index(fields=("kind", "subject"), name="work_unit_kind_subject"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class RunStatus(models.TextChoices):
    """How a run of a flow ended, or that it goes on."""

    RUNNING = "running", "Running"
    FINISHED = "finished", "Finished"
    PARTLY = "partly", "Finished with failures"
    FAILED = "failed", "Failed"
    ABANDONED = "abandoned", "Abandoned"


class FlowRun(models.Model):
    """One run of one flow for one row of a connector: what moved, and what did not."""

    flow = models.CharField(max_length=40)
    scope = models.CharField(max_length=60, help_text="The row it ran for, e.g. magento2_seller:4.")
    connector_key = models.CharField(max_length=60, blank=True)
    title = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=10, choices=RunStatus, default=RunStatus.RUNNING)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    expected = models.PositiveIntegerField(null=True, blank=True, help_text="How many records, once known.")
    read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    notes = models.TextField(
        blank=True, default="", db_default="", help_text="What a person should know of it, a line each."
    )

    class Meta:
        db_table = "work_run"
        verbose_name = "run"
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("scope", "flow", "-id"), name="work_run_scope_flow"),
            models.Index(fields=("flow", "status"), name="work_run_flow_status"),
        )

    def __str__(self) -> str:
        return f"{self.flow} {self.scope} {self.started_at:%Y-%m-%d %H:%M}"


class Mark(models.Model):
    """How far a flow has read: everything changed before this moment is stored. Never passes a failed record."""

    scope = models.CharField(max_length=60)
    flow = models.CharField(max_length=40)
    value = models.DateTimeField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "work_mark"
        constraints = (models.UniqueConstraint(fields=("scope", "flow"), name="work_mark_scope_flow_unique"),)

    def __str__(self) -> str:
        return f"{self.flow} {self.scope}: {self.value:%Y-%m-%d %H:%M:%S}"


class Lease(models.Model):
    """The right to do something alone, for a while: a name, an owner, a fencing token, an end."""

    name = models.CharField(max_length=120, primary_key=True)
    owner = models.CharField(max_length=80)
    token = models.BigIntegerField(default=1)
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "work_lease"

    def __str__(self) -> str:
        return self.name


class Schedule(models.Model):
    """When a kind of work is to be done again and again: cron text in a time zone."""

    kind = models.CharField(max_length=40, help_text="Kind of the unit of work that it writes.")
    flow = models.CharField(max_length=40)
    scope = models.CharField(max_length=60, help_text="The row it is for, e.g. magento2_seller:4.")
    connector_key = models.CharField(max_length=60, blank=True)
    title = models.CharField(max_length=200, blank=True)
    payload = models.JSONField(default=dict, blank=True)
    priority = models.SmallIntegerField(default=50)
    cron = models.CharField(max_length=100, help_text=CRON_HELP)
    time_zone = models.CharField(
        max_length=64, default="UTC", help_text="E.g. UTC, Europe/Berlin, America/New_York."
    )
    spread_seconds = models.PositiveIntegerField(
        default=300,
        help_text="It starts up to this long after the minute, always the same while; at most a quarter of its "
        "period. 0: exactly.",
    )
    paused = models.BooleanField(default=False, help_text="Set by a person: it doesn't start until resumed.")
    enabled = models.BooleanField(
        default=True, editable=False, help_text="Follows the connector's Active and the row's switch."
    )
    next_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_at = models.DateTimeField(null=True, blank=True, editable=False)
    error = models.TextField(blank=True, editable=False)

    class Meta:
        db_table = "work_schedule"
        ordering = ("title", "flow", "id")
        constraints = (
            models.UniqueConstraint(fields=("scope", "flow"), name="work_schedule_scope_flow_unique"),
        )
        indexes = (
            models.Index(
                fields=("next_at",), name="work_schedule_due", condition=Q(enabled=True, paused=False)
            ),
        )

    def __str__(self) -> str:
        return self.title or f"{self.flow} {self.scope}"

    def clean(self) -> None:
        problems: dict[str, str] = {}
        try:
            Cron.parse(self.cron)
        except BadCron as error:
            problems["cron"] = str(error)
        try:
            parse_time_zone(self.time_zone)
        except BadTimeZone as error:
            problems["time_zone"] = str(error)
        if problems:
            raise ValidationError(problems)

    @property
    def subject(self) -> str:
        """What its units are about; two with one subject never wait or run at the same time."""
        return f"{self.flow}/{self.scope}"


EVERYTHING = "*"


class Pause(models.Model):
    """While it is there, nothing of the connector starts; the key * stands for every connector."""

    connector_key = models.CharField(max_length=60, primary_key=True)
    since = models.DateTimeField(auto_now_add=True)
    reason = models.CharField(max_length=200, blank=True)
    automatic = models.BooleanField(
        "because it is down",
        default=False,
        db_default=False,
        editable=False,
        help_text="The other side doesn't answer; it ends by itself.",
    )

    class Meta:
        db_table = "work_pause"

    def __str__(self) -> str:
        return "everything" if self.connector_key == EVERYTHING else self.connector_key


class Limit(models.Model):
    """How much may go to a connector at a time, over all processes and machines."""

    connector_key = models.CharField(max_length=60, primary_key=True)
    concurrency = models.PositiveSmallIntegerField(
        help_text="Requests at the same time, as set on the connector."
    )
    requests = models.PositiveIntegerField(
        default=0, help_text="Requests per interval; 0: as many as it takes."
    )
    interval_seconds = models.PositiveIntegerField(default=60)
    allowed = models.FloatField(
        help_text="Requests at the same time right now: halved when the shop complains."
    )
    tokens = models.FloatField(default=0)
    filled_at = models.DateTimeField()
    closed_until = models.DateTimeField(
        null=True, blank=True, help_text="The shop asked to be left alone until then."
    )
    lowered_at = models.DateTimeField(null=True, blank=True)
    raised_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it was lowered last.")

    class Meta:
        db_table = "work_limit"

    def __str__(self) -> str:
        return self.connector_key


class Share(models.Model):
    """The part of a connector's limit that one process holds; it runs out when the process dies."""

    limit = models.ForeignKey(Limit, on_delete=models.CASCADE, related_name="shares")
    owner = models.CharField(max_length=80)
    held = models.PositiveSmallIntegerField(default=0)
    wanted = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "work_share"
        constraints = (models.UniqueConstraint(fields=("limit", "owner"), name="work_share_once"),)

    def __str__(self) -> str:
        return f"{self.owner}: {self.held} of {self.limit_id}"
