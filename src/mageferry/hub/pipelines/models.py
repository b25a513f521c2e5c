"""HTTP clients and authentications as records, and what the hub keeps of their work: tokens, requests."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from mageferry.http.plugins.log import LogFormat
from mageferry.http.redaction import Secret
from mageferry.hub.pipelines.checks import check_base_uri, check_certificates, check_proxy, check_statuses
from mageferry.hub.security.fields import SecretField

_CODE = RegexValidator(
    r"^[a-z0-9][a-z0-9_-]*$", "Write a code of small letters, digits, - and _, such as erp-orders."
)
_POSITIVE = MinValueValidator(0.1)
_LONGEST_SECONDS = MaxValueValidator(3600)


def new_revision() -> str:
    """What changes with every change of a sign-in, so that no token of the old one is used again."""
    return secrets.token_hex(8)


class LogFormatter(models.TextChoices):
    """How much of each request is written."""

    SIMPLE = LogFormat.SIMPLE.value, "Simple: headers only"
    LONG = LogFormat.LONG.value, "Long: up to 10,000 characters of each body"
    FULL = LogFormat.FULL.value, "Full"
    CURL = LogFormat.CURL.value, "cURL command"


class HttpAuthenticationRecord(models.Model):
    """A way to sign in, stored once and referred to by clients.

    `settings` has the options that may be seen; `secrets` the others, as JSON within the encrypted text.
    """

    name = models.CharField(max_length=100, unique=True)
    code = models.CharField(
        max_length=60, unique=True, validators=[_CODE], help_text="How exports and the API name it."
    )
    type = models.CharField(max_length=40)
    settings = models.JSONField(default=dict, blank=True)
    secrets = SecretField(blank=True, default="", editable=False)
    revision = models.CharField(max_length=16, default=new_revision, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "http_authentication"
        verbose_name = "HTTP authentication"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def owner(self) -> str:
        """Whose its tokens are."""
        return f"authentication:{self.code}"


class HttpClientRecord(models.Model):
    """A system that is asked over HTTP. Its authentication is a stored one, or its own (`own_...`)."""

    name = models.CharField(max_length=100, unique=True)
    code = models.CharField(
        max_length=60, unique=True, validators=[_CODE], help_text="How exports and the API name it."
    )
    description = models.TextField(blank=True, default="")
    enabled = models.BooleanField(default=True)
    base_uri = models.CharField(
        "add base URI to requests",
        max_length=500,
        blank=True,
        default="",
        help_text="Stands before every address that is not complete, e.g. https://erp.example/api.",
    )
    authentication = models.ForeignKey(
        HttpAuthenticationRecord,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="clients",
        verbose_name="stored authentication",
        help_text="Or enter one of its own below.",
    )
    own_type = models.CharField(max_length=40, blank=True, default="")
    own_settings = models.JSONField(default=dict, blank=True)
    own_secrets = SecretField(blank=True, default="", editable=False)
    own_revision = models.CharField(max_length=16, default=new_revision, editable=False)
    abort_on_errors = models.BooleanField(
        "abort process on errors", default=True, help_text="Statuses that are not expected are errors."
    )
    expected_statuses = models.CharField(
        max_length=100, default="200-299", help_text="Ranges such as 200-299, 404: a 404 may be an answer."
    )
    log_formatter = models.CharField(
        "log requests", max_length=6, choices=LogFormatter, default=LogFormatter.SIMPLE
    )
    log_keep_days = models.PositiveIntegerField(
        "keep requests for days", default=30, validators=[MinValueValidator(1)]
    )
    log_keep_count = models.PositiveIntegerField(
        "keep at most this many requests", default=10_000, validators=[MinValueValidator(1)]
    )
    verify_tls = models.BooleanField(
        "verify TLS", default=True, help_text="Off: anyone can pose as the server."
    )
    certificates = models.TextField(
        blank=True, default="", help_text="Of authorities to trust besides the known ones, as PEM text."
    )
    proxy = SecretField(blank=True, default="", help_text="http://user:password@host:port")
    connect_seconds = models.FloatField(
        "time-out to connect (seconds)", default=10.0, validators=[_POSITIVE, _LONGEST_SECONDS]
    )
    read_seconds = models.FloatField(
        "time-out between parts of an answer (seconds)",
        default=60.0,
        validators=[_POSITIVE, _LONGEST_SECONDS],
    )
    total_seconds = models.FloatField(
        "time-out in all (seconds)", default=300.0, validators=[_POSITIVE, _LONGEST_SECONDS]
    )
    max_connections = models.PositiveSmallIntegerField(
        "connections at the same time",
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
    )
    user_agent = models.CharField(max_length=200, default="Mageferry")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "http_client"
        verbose_name = "HTTP client"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def owner(self) -> str:
        """Whose the tokens of its own authentication are."""
        return f"client:{self.code}"

    def clean(self) -> None:
        checks: dict[str, Callable[[], object]] = {
            "base_uri": lambda: check_base_uri(self.base_uri),
            "expected_statuses": lambda: check_statuses(self.expected_statuses),
            "certificates": lambda: check_certificates(self.certificates),
            "proxy": lambda: check_proxy(self.proxy),
        }
        problems = {}
        for name, check in checks.items():
            try:
                check()
            except ValueError as error:
                problems[name] = str(error)
        if self.authentication is not None and self.own_type:
            problems["authentication"] = "Choose a stored authentication or enter one of its own, not both."
        if problems:
            raise ValidationError(problems)


class HttpClientPlugin(models.Model):
    """One plugin of a client, at its place."""

    client = models.ForeignKey(HttpClientRecord, on_delete=models.CASCADE, related_name="plugins")
    position = models.PositiveSmallIntegerField(default=0)
    type = models.CharField(max_length=40)
    settings = models.JSONField(default=dict, blank=True)
    secrets = SecretField(blank=True, default="", editable=False)

    class Meta:
        db_table = "http_client_plugin"
        verbose_name = "plugin"
        ordering = ("position", "pk")

    def __str__(self) -> str:
        return self.type


class HttpToken(models.Model):
    """A token that a sign-in gave, shared by all processes. `key`: digest of owner and revision."""

    key = models.CharField(max_length=64, unique=True)
    owner = models.TextField()
    token = SecretField()
    refresh = SecretField(blank=True, default="")
    obtained_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, help_text="Empty: until it is refused.")

    class Meta:
        db_table = "http_token"
        verbose_name = "HTTP token"

    def __str__(self) -> str:
        return self.owner


class HttpRequestRecord(models.Model):
    """One request of a client as its formatter writes it; every part of it is masked before it comes here."""

    client = models.ForeignKey(HttpClientRecord, on_delete=models.CASCADE, related_name="requests")
    sent_at = models.DateTimeField()
    method = models.CharField(max_length=20)
    url = models.TextField("address")
    status = models.PositiveSmallIntegerField(null=True, help_text="Empty: there was no answer.")
    elapsed_ms = models.PositiveIntegerField("milliseconds")
    error = models.TextField(blank=True, default="")
    text = models.TextField()

    class Meta:
        db_table = "http_request"
        verbose_name = "HTTP request"
        ordering = ("-pk",)
        indexes = (models.Index(fields=("client", "sent_at")),)

    def __str__(self) -> str:
        return f"{self.method} {self.url}"[:120]


class HttpAuthorization(models.Model):
    """A person's way through the browser that was begun (OAuth 2.0 authorization code), until they come back."""

    authentication = models.ForeignKey(HttpAuthenticationRecord, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    state_digest = models.CharField(max_length=64, unique=True)
    verifier = SecretField()
    redirect_uri = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "http_authorization"
        verbose_name = "HTTP authorization"

    def __str__(self) -> str:
        return f"{self.authentication} by {self.user}"


def packed(texts: dict[str, Any]) -> Secret:
    """Secrets by their options, as one text to encrypt; empty for none."""
    return Secret(orjson.dumps(texts).decode() if texts else "")


def unpacked(stored: Secret | str) -> dict[str, Any]:
    """The secrets by their options. Raises UnreadableSecret when the encryption key is another one."""
    # A record that was not read from the database has its default, which is plain.
    text = stored.reveal() if isinstance(stored, Secret) else stored
    return dict(orjson.loads(text)) if text else {}
