"""Pages and buttons beyond the admin's records."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from mageferry.hub.connectors.models import Magento2Connector, Magento2Seller
from mageferry.hub.connectors.outages import probe_of as probe_of_connector
from mageferry.hub.flows import registry, runner
from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.routes.arrivals import CLIENT, client_key
from mageferry.hub.routes.outages import probe_of as probe_of_client
from mageferry.hub.routes.rights import MAY_CHANGE_CLIENTS, right_to_change
from mageferry.hub.work import ledger, outages, schedules
from mageferry.hub.work.ledger import Intent
from mageferry.hub.work.models import EVERYTHING, WorkUnit


@require_GET
def health(request: HttpRequest) -> JsonResponse:
    """200 when the hub can reach its database, 503 when not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "database unreachable"}, status=503)
    return JsonResponse({"status": "ok"})


@staff_member_required
@require_POST
def run_flow_now(request: HttpRequest) -> HttpResponse:
    """The "Run now" button: asks the workers to run a flow for a seller row."""
    if not request.user.has_perm("connectors.change_magento2connector"):
        raise PermissionDenied
    pk = request.POST.get("row", "")
    rows = Magento2Seller.objects.select_related("connector")
    row = get_object_or_404(rows, pk=int(pk) if pk.isdecimal() else 0)
    try:
        flow = registry.flow_named(request.POST.get("flow", ""))
    except LookupError as error:
        messages.error(request, str(error))
        return redirect("admin:index")
    if not row.connector.active:
        messages.error(request, f"The connector {row.connector} isn't active. Tick Active on it first.")
    elif runner.request_run(flow, row):
        messages.success(request, f"{flow.title} for {row} starts as soon as a worker is free.")
    else:
        messages.info(request, f"{flow.title} for {row} is waiting to start already.")
    return redirect("admin:index")


@staff_member_required
@require_POST
def retry_unit(request: HttpRequest, pk: int) -> HttpResponse:
    """The "Retry" button of a failed unit of work."""
    kind = WorkUnit.objects.filter(pk=pk).values_list("kind", flat=True).first() or ""
    if not request.user.has_perm(right_to_change(kind)):
        raise PermissionDenied
    return _told(
        request,
        bool(ledger.try_again([pk], str(request.user))),
        "It is due again and starts as soon as a worker is free.",
        "It isn't waiting for a retry any more.",
    )


@staff_member_required
@require_POST
def pause_work(request: HttpRequest) -> HttpResponse:
    """The "Pause" button of a connector: nothing new is begun for it, what runs is finished."""
    key = _connector_key(request)
    return _told(
        request,
        schedules.pause_connector(key, f"Paused by {request.user}."),
        "Paused. What runs is finished; nothing new is begun until you resume it.",
        "It is paused already.",
    )


@staff_member_required
@require_POST
def resume_work(request: HttpRequest) -> HttpResponse:
    """The "Resume" button of a connector that is paused, by a person or by an outage."""
    return _told(
        request,
        schedules.resume_connector(_connector_key(request)),
        "It goes on. Runs that were missed are made up for once.",
        "It isn't paused any more.",
    )


@staff_member_required
@require_POST
def try_now(request: HttpRequest) -> HttpResponse:
    """The "Try now" button of what an outage has paused: asks whether the other side is back, without waiting."""
    key = request.POST.get("key", "")
    probe = _probe_of(request, key)
    return _told(
        request,
        outages.probe_now(key, probe, str(request.user)),
        "It is asked as soon as a worker is free, and goes on when it answers.",
        "It isn't paused by an outage any more.",
    )


def _probe_of(request: HttpRequest, key: str) -> Intent:
    """What asks a paused connector or HTTP client. Raises PermissionDenied, Http404."""
    if key.startswith(CLIENT):
        if not request.user.has_perm(MAY_CHANGE_CLIENTS):
            raise PermissionDenied
        for client in HttpClientRecord.objects.all():
            if client_key(client) == key:
                return probe_of_client(client)
        raise Http404
    _connector_key(request, key)
    return probe_of_connector(key)


def _told(request: HttpRequest, done: bool, success: str, nothing: str) -> HttpResponse:
    """Back to the first page, with what a button did, or why it did nothing."""
    if done:
        messages.success(request, success)
    else:
        messages.info(request, nothing)
    return redirect("admin:index")


def _connector_key(request: HttpRequest, key: str | None = None) -> str:
    """The connector that a button is about; * is everything. Raises PermissionDenied, Http404."""
    if not request.user.has_perm("connectors.change_magento2connector"):
        raise PermissionDenied
    key = request.POST.get("connector", "") if key is None else key
    if key != EVERYTHING and key not in {each.key for each in Magento2Connector.objects.all()}:
        raise Http404
    return key
