"""Pages of HTTP authentications."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from mageferry.hub import adminsite
from mageferry.hub.pipelines.admin.words import state_of, title_of, told
from mageferry.hub.pipelines.authorization import TYPE_NAME, begin_connecting
from mageferry.hub.pipelines.descriptions import check_authentication
from mageferry.hub.pipelines.forms import AuthenticationForm
from mageferry.hub.pipelines.models import HttpAuthenticationRecord
from mageferry.hub.pipelines.records import duplicate_authentication
from mageferry.hub.pipelines.vault import drop_tokens, tokens_of


@adminsite.register(HttpAuthenticationRecord)
class AuthenticationAdmin(adminsite.ModelAdmin):
    form = AuthenticationForm
    list_display = ("name", "code", "kind", "used_by", "updated_at")
    search_fields = ("name", "code", "type")
    readonly_fields = ("state", "tokens", "used_by")
    actions_detail = ("connect_now", "forget_tokens", "duplicate")
    fieldsets = (
        (None, {"fields": ("name", "code", "described")}),
        ("How it stands", {"fields": ("state", "tokens", "used_by")}),
    )

    @adminsite.display(description="type", ordering="type")
    def kind(self, record: HttpAuthenticationRecord) -> str:
        return title_of(record.type)

    @adminsite.display(description="used by")
    def used_by(self, record: HttpAuthenticationRecord) -> str:
        return ", ".join(each.name for each in record.clients.all()) if record.pk else "-"

    @adminsite.display(description="state")
    def state(self, record: HttpAuthenticationRecord) -> str:
        return state_of(check_authentication(record)) if record.pk else "-"

    @adminsite.display(description="stored token")
    def tokens(self, record: HttpAuthenticationRecord) -> str:
        return told(tokens_of(record.owner) if record.pk else [])

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("clients")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        for problem in check_authentication(form.instance):
            messages.warning(request, f"It is saved, but can't be used yet. {problem}")

    @adminsite.action(description="Connect", url_path="connect", permissions=["connect"])
    def connect_now(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return begin_connecting(request, get_object_or_404(HttpAuthenticationRecord, pk=object_id))

    @adminsite.action(description="Forget tokens", url_path="forget-tokens", permissions=["change_it"])
    def forget_tokens(self, request: HttpRequest, object_id: int) -> HttpResponse:
        record = get_object_or_404(HttpAuthenticationRecord, pk=object_id)
        count = drop_tokens(record.owner)
        messages.success(request, f"{count} stored tokens were forgotten; the next request signs in.")
        return adminsite.back_to(HttpAuthenticationRecord, object_id)

    @adminsite.action(description="Duplicate", url_path="duplicate", permissions=["change_it"])
    def duplicate(self, request: HttpRequest, object_id: int) -> HttpResponse:
        copy = duplicate_authentication(get_object_or_404(HttpAuthenticationRecord, pk=object_id))
        messages.success(request, f"This is the copy, {copy.name}.")
        return adminsite.back_to(HttpAuthenticationRecord, copy.pk)

    def has_connect_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Only where there is a person to send to a server; the check by id alone is for the link's own address."""
        if not self.has_change_permission(request):
            return False
        return (
            object_id is None
            or HttpAuthenticationRecord.objects.filter(pk=object_id, type=TYPE_NAME).exists()
        )

    def has_change_it_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(self.has_change_permission(request))
