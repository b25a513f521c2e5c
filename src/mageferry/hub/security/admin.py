"""Page of the API tokens."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import models as django_models
from django.forms import ModelForm
from django.http import HttpRequest

from mageferry.hub import adminsite
from mageferry.hub.security.models import ApiToken


@adminsite.register(ApiToken)
class ApiTokenAdmin(adminsite.ModelAdmin):
    """A token is made for the person who is signed in, shown once, and can only be deleted afterwards."""

    list_display = ("name", "user", "created_at", "last_used_at")
    fields = ("name",)

    def has_change_permission(self, request: HttpRequest, obj: django_models.Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ApiToken, form: ModelForm[Any], change: bool) -> None:
        token, secret = ApiToken.issue(request.user.pk or 0, obj.name)
        obj.pk, obj.user, obj.digest = token.pk, token.user, token.digest
        messages.warning(request, f"Copy the token now, it is shown this once: {secret.reveal()}")
