"""Configuration over the API: all of it as lines of JSON, out and in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema, Status

from mageferry.hub.api.access import require
from mageferry.hub.transfer import Import, all_kinds, export_lines, import_lines, kinds_in

router = Router(tags=["config"])


class LineShape(Schema):
    number: int
    kind: str
    code: str
    action: str
    changed: list[str]
    differences: list[str]
    problems: list[str]
    secrets_to_enter: list[str]


class ImportShape(Schema):
    stored: bool
    lines: list[LineShape]


@router.get("/export")
def export(request: HttpRequest, entries: bool = False) -> HttpResponse:
    """HTTP clients, authentications, routes and what belongs to them as NDJSON, without their secrets.

    `entries`: those of storages, too.
    """
    kinds = all_kinds().values()
    on_demand = [kind.name for kind in kinds if kind.on_demand and entries]
    for kind in kinds:
        if not kind.on_demand or entries:
            require(request, kind.permission("view"))
    return HttpResponse(b"".join(export_lines(on_demand=on_demand)), content_type="application/x-ndjson")


@router.post("/import", response={200: ImportShape, 422: ImportShape})
def import_(request: HttpRequest, dry_run: bool = True) -> Status[Import]:
    """Store the lines of an export, or tell what that would do. All of it is stored, or nothing."""
    for name in kinds_in(request.body):
        for right in ("add", "change"):
            require(request, all_kinds()[name].permission(right))
    report = import_lines(request.body, dry_run=dry_run)
    return Status(422 if report.refused else 200, report)
