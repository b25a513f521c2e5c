"""What a person sets up: incomings, outgoings, routes between them, and tests of their transformers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from mageferry.http.plugins.expect import StatusRanges
from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.routes.models.fields import OrderedJSONField
from mageferry.hub.security.fields import SecretField
from mageferry.hub.trade.models import Account

CODE: Final = RegexValidator(
    r"^[a-z0-9][a-z0-9_-]*$", "Write a code of small letters, digits, - and _, such as erp-orders."
)
_DAY_SECONDS: Final = 86_400


class IncomingType(models.TextChoices):
    """Where entities come from."""

    HTTP = "http", "HTTP subscriber: asked page by page"
    WEBHOOK = "webhook", "Webhook: deliveries that come by themselves"
    STORAGE = "storage", "Storage: the entries of a storage"
    FILE = "file", "Files: dropped into a directory"
    HUB = "hub", "Hub: what changed in the hub itself"


class OutgoingType(models.TextChoices):
    """Where entities go."""

    HTTP = "http", "HTTP publisher: one request for an entity"
    CHAIN = "chain", "Chain HTTP publisher: several requests for an entity"
    HUB = "hub", "Hub: stored in the hub itself"
    STORAGE = "storage", "Storage: an entry of a storage"


class Changes(models.TextChoices):
    """Which entities that came before become tasks again."""

    CHANGED = "changed", "When they have changed since they were last processed"
    ONCE = "once", "Never: each identifier once"
    ALWAYS = "always", "With every run"


class _Described(models.Model):
    """A record whose settings are data, checked by the description of its type.

    `settings` has the mask in place of each secret; `secrets` has them by their places, as JSON in encrypted text.
    """

    name = models.CharField(max_length=100, unique=True)
    code = models.CharField(
        max_length=40, unique=True, validators=[CODE], help_text="How addresses, exports and the API name it."
    )
    description = models.TextField(blank=True, default="")
    enabled = models.BooleanField(default=True)
    settings = OrderedJSONField(default=dict, blank=True)
    secrets = SecretField(blank=True, default="", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Incoming(_Described):
    """Where entities come from, and what they are made into before any route sees them."""

    # The column is called as it was before: workers of the previous version read it while a new one comes.
    type = models.CharField(max_length=8, choices=IncomingType, db_column="kind")
    client = models.ForeignKey(
        HttpClientRecord, on_delete=models.PROTECT, null=True, blank=True, related_name="incomings",
        verbose_name="HTTP client",
    )  # fmt: skip
    storage = models.ForeignKey(
        "Storage", on_delete=models.PROTECT, null=True, blank=True, related_name="incomings"
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="Whose orders, stock or products; for the type Hub.",
    )  # fmt: skip
    transformers = OrderedJSONField(
        "input transformers",
        default=list,
        blank=True,
        help_text="Applied to each item before it is an entity.",
    )

    class Meta:
        db_table = "route_incoming"
        ordering = ("name",)

    @property
    def is_polled(self) -> bool:
        """Whether it is read by a schedule; deliveries come by themselves."""
        return self.type != IncomingType.WEBHOOK


class Outgoing(_Described):
    """Where entities go."""

    type = models.CharField(max_length=8, choices=OutgoingType, db_column="kind")
    client = models.ForeignKey(
        HttpClientRecord, on_delete=models.PROTECT, null=True, blank=True, related_name="outgoings",
        verbose_name="HTTP client",
    )  # fmt: skip
    storage = models.ForeignKey(
        "Storage", on_delete=models.PROTECT, null=True, blank=True, related_name="outgoings"
    )
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="+",
        help_text="Whose orders, stock or products; for the type Hub.",
    )  # fmt: skip

    class Meta:
        db_table = "route_outgoing"
        ordering = ("name",)


class Route(models.Model):
    """An incoming joined to an outgoing, with transformers between; each entity becomes a task."""

    name = models.CharField(max_length=100, unique=True)
    code = models.CharField(
        max_length=40, unique=True, validators=[CODE], help_text="How commands, exports and the API name it."
    )
    description = models.TextField(blank=True, default="")
    enabled = models.BooleanField(default=True)
    incoming = models.ForeignKey(Incoming, on_delete=models.PROTECT, related_name="routes")
    outgoing = models.ForeignKey(Outgoing, on_delete=models.PROTECT, related_name="routes")
    transformers = OrderedJSONField(default=list, blank=True)
    priority = models.PositiveSmallIntegerField(
        default=50, validators=[MaxValueValidator(100)], help_text="Lower goes first: orders 10, stock 50."
    )
    changes = models.CharField(
        "take entities again",
        max_length=8,
        choices=Changes,
        default=Changes.CHANGED,
        help_text="What is a task already is never taken twice.",
    )
    attempts = models.PositiveSmallIntegerField(
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text="Then the task has failed, and waits for a person.",
    )
    interval_seconds = models.PositiveIntegerField(
        "wait between attempts (seconds)",
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(_DAY_SECONDS)],
        help_text="Longer if the other system asks for it.",
    )
    backoff = models.FloatField(
        "back-off",
        default=2.0,
        validators=[MinValueValidator(1.0), MaxValueValidator(10.0)],
        help_text="Each wait is so many times the one before; 1: always the same. At most a day.",
    )
    retry_statuses = models.CharField(
        "statuses to try again after",
        max_length=100,
        blank=True,
        default="",
        help_text="Of refusals, such as 404, 409; besides those that the outgoing takes for passing.",
    )
    tasks_per_run = models.PositiveIntegerField(
        "most tasks of a run", default=10_000, validators=[MinValueValidator(1)],
        help_text="What is left comes with the next run.",
    )  # fmt: skip
    keep_days = models.PositiveIntegerField(
        "keep finished tasks for days", default=30, validators=[MinValueValidator(1)]
    )
    keep_tasks = models.PositiveIntegerField(
        "keep at most this many finished tasks", default=100_000, validators=[MinValueValidator(1)]
    )
    position = models.JSONField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "route"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def scope(self) -> str:
        """Its name in the ledger: runs, marks, schedules."""
        return f"route:{self.pk}"

    def clean(self) -> None:
        checks: dict[str, Callable[[], object]] = {
            "retry_statuses": lambda: self.retry_statuses and StatusRanges.parse(self.retry_statuses),
        }
        problems = {}
        for name, check in checks.items():
            try:
                check()
            except ValueError as error:
                problems[name] = str(error)
        if problems:
            raise ValidationError(problems)


class StoredTest(models.Model):
    """Entities, and what transformers should make of them: those of a route, or some of its own."""

    name = models.CharField(max_length=100, unique=True)
    route = models.ForeignKey(
        Route, on_delete=models.CASCADE, null=True, blank=True, related_name="stored_tests",
        help_text="Whose transformers it is about; empty: those below.",
    )  # fmt: skip
    transformers = OrderedJSONField(default=list, blank=True)
    input = OrderedJSONField(default=list, blank=True, help_text="A list of entities.")
    expected = OrderedJSONField(default=list, blank=True, help_text="The list of what they become.")
    failures = OrderedJSONField(
        default=list, blank=True, help_text="Places in the input, from 1, of entities that should fail."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "route_stored_test"
        verbose_name = "stored test"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        problems = {
            name: "Write a list of entities: [{...}]."
            for name in ("input", "expected")
            if not isinstance(getattr(self, name), list)
        }
        count = len(self.input) if isinstance(self.input, list) else 0
        places = self.failures
        if not isinstance(places, list) or not all(
            isinstance(each, int) and not isinstance(each, bool) and 1 <= each <= count for each in places
        ):
            problems["failures"] = "Write a list of places in the input, from 1: [2]."
        if problems:
            raise ValidationError(problems)
