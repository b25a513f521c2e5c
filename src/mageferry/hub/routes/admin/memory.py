"""Storages with their entries, global values, id maps."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Count, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.debug import sensitive_post_parameters

from mageferry.hub import adminsite
from mageferry.hub.routes.memory_forms import EntryForm, GlobalValueForm
from mageferry.hub.routes.models import GlobalValue, IdMapEntry, Storage, StorageEntry
from mageferry.hub.routes.searching import contains
from mageferry.hub.routes.shown import pretty

_BY_SECRECY: Final = {"value": "is_secret == false", "new_secret": "is_secret == true"}


@adminsite.register(Storage)
class StorageAdmin(adminsite.ModelAdmin):
    list_display = ("name", "code", "entries_link", "lifetime_seconds", "description")
    search_fields = ("name", "code", "description")
    fields = (("name", "code"), "description", "lifetime_seconds", "entries_link")
    readonly_fields = ("entries_link",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(entry_count=Count("entries"))
        return counted

    @adminsite.display(description="entries", ordering="entry_count")
    def entries_link(self, storage: Any) -> str:
        if not storage.pk:
            return "-"
        url = f"{reverse('admin:routes_storageentry_changelist')}?storage__id__exact={storage.pk}"
        return format_html(
            '<a class="text-primary-600" href="{}">{}</a>', url, f"{storage.entry_count:,} entries"
        )


@adminsite.register(StorageEntry)
class StorageEntryAdmin(adminsite.ModelAdmin):
    form = EntryForm
    list_display = ("key", "storage", "shown_value", "expires_at", "updated_at")
    list_filter = ("storage",)
    list_select_related = ("storage",)
    # The value is searched as well: see get_search_results.
    search_fields = ("key",)
    search_help_text = "A part of the key or of the value."
    show_full_result_count = False
    fields = ("storage", "key", "value", "expires_at")

    @adminsite.display(description="value")
    def shown_value(self, entry: StorageEntry) -> str:
        text = pretty(entry.value)
        short = text if len(text) <= 200 else f"{text[:200]} ..."
        return format_html('<span style="overflow-wrap: anywhere; white-space: normal">{}</span>', short)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        if not text:
            return queryset, False
        texts = queryset.annotate(value_text=Cast("value", TextField()))
        return texts.filter(contains("key", text) | contains("value_text", text, is_json=True)), False


@adminsite.register(GlobalValue)
class GlobalValueAdmin(adminsite.ModelAdmin):
    form = GlobalValueForm
    list_display = ("name", "shown_value", "is_secret", "description", "updated_at")
    list_filter = ("is_secret",)
    search_fields = ("name", "description")
    fields = ("name", "description", "is_secret", "value", "new_secret")
    conditional_fields = _BY_SECRECY

    @adminsite.display(description="value")
    def shown_value(self, value: GlobalValue) -> str:
        return "secret" if value.is_secret else pretty(value.value)[:200]

    @method_decorator(sensitive_post_parameters())
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(request, *args, **kwargs)


@adminsite.register(IdMapEntry)
class IdMapEntryAdmin(adminsite.ModelAdmin):
    list_display = ("map", "local_id", "remote_id", "updated_at")
    list_filter = ("map",)
    search_fields = ("map", "local_id", "remote_id")
    show_full_result_count = False
    fields = ("map", "local_id", "remote_id")
