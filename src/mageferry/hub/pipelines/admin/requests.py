"""The log of requests, to be searched and read."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from mageferry.hub import adminsite
from mageferry.hub.pipelines.models import HttpRequestRecord

_CLASSES = {"2": "2xx", "3": "3xx", "4": "4xx", "5": "5xx"}


class StatusFilter(SimpleListFilter):
    """By the kind of answer."""

    title = "answer"
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*_CLASSES.items(), ("none", "No answer")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen in _CLASSES:
            low = int(chosen) * 100
            return queryset.filter(status__gte=low, status__lt=low + 100)
        return queryset.filter(status=None) if chosen == "none" else queryset


@adminsite.register(HttpRequestRecord)
class RequestAdmin(adminsite.ReadOnlyAdmin):
    list_display = ("sent_at", "client", "method", "url", "status", "elapsed_ms", "error")
    list_filter = ("client", "method", StatusFilter, ("sent_at", adminsite.MomentFilter))
    list_filter_submit = True
    list_select_related = ("client",)
    search_fields = ("url", "text", "=status")
    # Counting all rows of a long log takes longer than showing a page of it.
    show_full_result_count = False
    fields = ("client", "sent_at", "method", "url", "status", "elapsed_ms", "error", "written")

    @adminsite.display(description="as its formatter writes it")
    def written(self, record: HttpRequestRecord) -> str:
        return format_html(
            '<pre class="trial-text" style="white-space: pre-wrap; overflow-wrap: anywhere">{}</pre>',
            record.text,
        )
