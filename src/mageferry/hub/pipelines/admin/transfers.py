"""Export and import in the browser."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from mageferry.hub import adminsite
from mageferry.hub.pipelines.documents import AUTHENTICATION, CLIENT
from mageferry.hub.pipelines.models import HttpAuthenticationRecord, HttpClientRecord
from mageferry.hub.transfer import LONGEST_BYTES, all_kinds, export_lines, import_lines, kinds_in

MEDIA_TYPE = "application/x-ndjson"


class ImportForm(forms.Form):
    """Lines pasted or uploaded."""

    file = forms.FileField(required=False)
    text = forms.CharField(
        required=False,
        widget=adminsite.Textarea(
            attrs={"rows": 8, "spellcheck": "false", "placeholder": '{"kind": "http_client", ...}'}
        ),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        file = cleaned.get("file")
        if isinstance(file, UploadedFile) and (file.size or 0) > LONGEST_BYTES:
            raise forms.ValidationError(f"The file is larger than {LONGEST_BYTES:,} bytes.")
        if not file and not (cleaned.get("text") or "").strip():
            raise forms.ValidationError("Choose a file, or paste its lines.")
        return cleaned

    def content(self) -> bytes:
        """The lines; the form must be valid."""
        file = self.cleaned_data["file"]
        return bytes(file.read()) if file else str(self.cleaned_data["text"]).encode()


def as_file(content: bytes) -> HttpResponse:
    """Lines as a file to keep."""
    headers = {"Content-Disposition": 'attachment; filename="mageferry.ndjson"'}
    return HttpResponse(content, content_type=MEDIA_TYPE, headers=headers)


def _check_rights(request: HttpRequest, names: set[str]) -> None:
    """Raises PermissionDenied unless the user may add and change records of these kinds."""
    kinds = all_kinds()
    rights = [kinds[name].permission(right) for name in names for right in ("add", "change")]
    if not request.user.has_perms(rights):
        raise PermissionDenied


class TransferMixin:
    """For the page of clients: export of some or all, and the page of imports."""

    admin_site: Any
    opts: Any

    @adminsite.action(description="Export the chosen clients and what they sign in with")
    def export_chosen(self, request: HttpRequest, queryset: QuerySet[HttpClientRecord]) -> HttpResponse:
        clients = list(queryset.select_related("authentication"))
        codes = {client.authentication.code for client in clients if client.authentication is not None}
        authentications = HttpAuthenticationRecord.objects.filter(code__in=codes)
        return as_file(b"".join(export_lines({CLIENT: clients, AUTHENTICATION: authentications})))

    @adminsite.action(description="Export all", url_path="export")
    def export_everything(self, request: HttpRequest) -> HttpResponse:
        """Everything that can be exported, but for the entries of storages."""
        kinds = [kind for kind in all_kinds().values() if not kind.on_demand]
        if not request.user.has_perms([kind.permission("view") for kind in kinds]):
            raise PermissionDenied
        return as_file(b"".join(export_lines()))

    @adminsite.action(description="Import", url_path="import")
    def import_records(self, request: HttpRequest) -> HttpResponse:
        """What an import would do, and the button that does it."""
        _check_rights(request, {CLIENT, AUTHENTICATION})
        form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
        report, content = None, b""
        if form.is_valid():
            content = form.content()
            _check_rights(request, kinds_in(content))
            report = import_lines(content, dry_run="store" not in request.POST)
        context = {
            **self.admin_site.each_context(request),
            "title": "Import HTTP clients, routes and what belongs to them",
            "opts": self.opts,
            "form": form,
            "report": report,
            "content": content.decode("utf-8", "replace"),
        }
        return TemplateResponse(request, "pipelines/import.html", context)
