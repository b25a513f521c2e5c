"""Pages of HTTP clients, with their plugins and the test panel."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.debug import sensitive_post_parameters

from mageferry.hub import adminsite
from mageferry.hub.pipelines.admin.transfers import TransferMixin
from mageferry.hub.pipelines.admin.words import state_of, title_of, told
from mageferry.hub.pipelines.descriptions import check_client
from mageferry.hub.pipelines.forms import CallForm, ClientForm, PluginForm
from mageferry.hub.pipelines.models import HttpClientPlugin, HttpClientRecord
from mageferry.hub.pipelines.records import duplicate_client
from mageferry.hub.pipelines.trial import send_call, stored_tokens
from mageferry.hub.pipelines.vault import drop_tokens


class PluginInline(adminsite.TabularInline):
    model = HttpClientPlugin
    form = PluginForm
    fields = ("position", "described")
    ordering_field = "position"
    verbose_name = "plugin"
    # The dropdown says what it is.
    show_title = False
    verbose_name_plural = "plugins, in their order"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field is not None and db_field.name == "position":
            field.widget.attrs["style"] = "width: 5rem"
        return field


@adminsite.register(HttpClientRecord)
class ClientAdmin(TransferMixin, adminsite.ModelAdmin):
    form = ClientForm
    list_display = ("name", "code", "shown_enabled", "base_uri", "signs_in_by", "updated_at")
    list_filter = ("enabled",)
    list_select_related = ("authentication",)
    search_fields = ("name", "code", "base_uri", "description")
    readonly_fields = ("state", "tokens", "requests_link")
    inlines = (PluginInline,)
    actions = ("export_chosen",)
    actions_list = ("export_everything", "import_records")
    actions_detail = ("duplicate", "forget_tokens")
    change_form_outer_after_template = "pipelines/trial.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "code"),
                    "enabled",
                    "description",
                    "base_uri",
                    "authentication",
                    "own",
                    "state",
                    "tokens",
                )
            },
        ),
        ("Answers", {"fields": ("abort_on_errors", "expected_statuses")}),
        (
            "Log",
            {"fields": ("log_formatter", ("log_keep_days", "log_keep_count"), "requests_link")},
        ),
        (
            "Connection",
            {
                "classes": ("collapse",),
                "fields": (
                    ("connect_seconds", "read_seconds", "total_seconds"),
                    ("verify_tls", "max_connections"),
                    "certificates",
                    "proxy",
                    "user_agent",
                ),
            },
        ),
    )

    @adminsite.display(description="enabled", boolean=True, ordering="enabled")
    def shown_enabled(self, record: HttpClientRecord) -> bool:
        return record.enabled

    @adminsite.display(description="authentication")
    def signs_in_by(self, record: HttpClientRecord) -> str:
        return record.authentication.name if record.authentication else title_of(record.own_type) or "none"

    @adminsite.display(description="state")
    def state(self, record: HttpClientRecord) -> str:
        return state_of(check_client(record)) if record.pk else "-"

    @adminsite.display(description="stored token")
    def tokens(self, record: HttpClientRecord) -> str:
        return told(stored_tokens(record) if record.pk else [])

    @adminsite.display(description="requests")
    def requests_link(self, record: HttpClientRecord) -> str:
        if not record.pk:
            return "-"
        url = f"{reverse('admin:pipelines_httprequestrecord_changelist')}?client__id__exact={record.pk}"
        text = f"{record.requests.count():,} kept"
        return format_html('<a class="text-primary-600" href="{}">{}</a>', url, text)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        for problem in check_client(form.instance):
            messages.warning(request, f"It is saved, but can't be used yet. {problem}")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.test_view)
        return [
            path("<int:pk>/test/", view, name="pipelines_httpclientrecord_test"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        context = {
            **(extra_context or {}),
            "trial_form": CallForm(auto_id="trial_%s"),
            "trial_url": reverse("admin:pipelines_httpclientrecord_test", args=(object_id,))
            if object_id.isdecimal()
            else "",
        }
        return super().change_view(request, object_id, form_url, context)

    @method_decorator(sensitive_post_parameters())
    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Sends what was entered; the answer is a part of the page, or a page where there is no JavaScript."""
        record = get_object_or_404(HttpClientRecord.objects.select_related("authentication"), pk=pk)
        if request.method != "POST":
            return adminsite.back_to(HttpClientRecord, pk)
        if not self.has_change_permission(request, record):
            raise PermissionDenied
        form = CallForm(request.POST, auto_id="trial_%s")
        context: dict[str, Any] = {
            "trial_form": form,
            "outcome": send_call(record, form.call()) if form.is_valid() else None,
            "trial_url": request.path,
        }
        if request.headers.get("X-Requested-With") == "fetch":
            return render(request, "pipelines/answer.html", context)
        page = {
            **self.admin_site.each_context(request),
            "title": f"Test {record}",
            "original": record,
            "opts": self.opts,
            "media": self.media + ClientForm().media,
            **context,
        }
        return TemplateResponse(request, "pipelines/trial_page.html", page)

    @adminsite.action(description="Duplicate", url_path="duplicate", permissions=["change_it"])
    def duplicate(self, request: HttpRequest, object_id: int) -> HttpResponse:
        copy = duplicate_client(get_object_or_404(HttpClientRecord, pk=object_id))
        messages.success(request, f"This is the copy, {copy.name}.")
        return adminsite.back_to(HttpClientRecord, copy.pk)

    @adminsite.action(description="Forget tokens", url_path="forget-tokens", permissions=["change_it"])
    def forget_tokens(self, request: HttpRequest, object_id: int) -> HttpResponse:
        record = get_object_or_404(HttpClientRecord, pk=object_id)
        owner = record.authentication.owner if record.authentication is not None else record.owner
        count = drop_tokens(owner)
        messages.success(request, f"{count} stored tokens were forgotten; the next request signs in.")
        return adminsite.back_to(HttpClientRecord, object_id)

    def has_change_it_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(self.has_change_permission(request))
