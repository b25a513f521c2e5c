"""Links from one page to the rows of another."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from mageferry.hub.pipelines.models import HttpClientRecord
from mageferry.hub.work.models import FlowRun


def requests_during(run: FlowRun | None, client: HttpClientRecord | None) -> str:
    """The page of the requests that a client made while a run went on; empty where there is neither."""
    if run is None or client is None:
        return ""
    query = {"client__id__exact": str(client.pk)}
    for end, moment in (("from", run.started_at), ("to", run.finished_at or timezone.now())):
        local = timezone.localtime(moment)
        query[f"sent_at_{end}_0"] = f"{local:%Y-%m-%d}"
        query[f"sent_at_{end}_1"] = f"{local:%H:%M:%S}" if end == "from" else f"{local:%H:%M:%S}.999999"
    return f"{reverse('admin:pipelines_httprequestrecord_changelist')}?{urlencode(query)}"


def refusals_of(incoming_pk: int) -> str:
    """The list of deliveries to an incoming that weren't taken."""
    return f"{reverse('admin:routes_refuseddelivery_changelist')}?incoming__id__exact={incoming_pk}"


def tasks_of(route_pk: int, status: str = "") -> str:
    """The list of tasks of a route, all or those of a status."""
    query = {"route__id__exact": str(route_pk)} | ({"status": status} if status else {})
    return f"{reverse('admin:routes_routetask_changelist')}?{urlencode(query)}"
