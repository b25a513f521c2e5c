"""API tokens: only a hash is kept, the token itself is shown once."""

from __future__ import annotations

import hashlib
import secrets

from django.conf import settings
from django.db import models
from django.utils import timezone

from mageferry.http.redaction import Secret

PREFIX = "mf_"


class ApiToken(models.Model):
    """Lets a program use the API as the user it belongs to."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, unique=True, help_text="What it is for, e.g. reporting.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "api_token"
        verbose_name = "API token"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def issue(cls, user_pk: int, name: str) -> tuple[ApiToken, Secret]:
        """A new token of a user; the secret is to be shown now and never again."""
        text = PREFIX + secrets.token_urlsafe(32)
        return cls.objects.create(user_id=user_pk, name=name, digest=_digest(text)), Secret(text)

    @classmethod
    def find(cls, text: str) -> ApiToken | None:
        """The token with this text, if its user may still sign in."""
        token = cls.objects.select_related("user").filter(digest=_digest(text), user__is_active=True).first()
        if token is not None:
            cls.objects.filter(pk=token.pk).update(last_used_at=timezone.now())
        return token


def _digest(text: str) -> str:
    # The text has 256 random bits: a plain hash can't be guessed backwards, and a look-up stays one query.
    return hashlib.sha256(text.encode()).hexdigest()
