"""The page of a connector's field mappings: its rows, the standard mapping, and what they make of a real record."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from mageferry.hub import adminsite
from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.mapping.comparison import NoPreview
from mageferry.hub.mapping.preview import PREVIEWED, preview_record
from mageferry.hub.mapping.rules import DIRECTIONS
from mageferry.hub.mapping.standard import standard_mapping


@staff_member_required
@require_GET
def field_mappings(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows a record before and after the mappings when a direction is asked for. Nothing is stored or sent."""
    if not request.user.has_perms(("connectors.change_magento2connector", "trade.view_order")):
        raise PermissionDenied
    connector = get_object_or_404(Magento2Connector, pk=pk)
    direction, record = request.GET.get("direction", ""), request.GET.get("record", "order")
    number = request.GET.get("number", "")
    context: dict[str, Any] = {
        **adminsite.site.each_context(request),
        "title": f"Field mappings of {connector}",
        "connector": connector,
        "back": f"{reverse('admin:connectors_magento2connector_change', args=(pk,))}#field_mappings-group",
        "rows": connector.field_mappings.all(),
        "directions": DIRECTIONS,
        "direction": direction,
        "records": PREVIEWED,
        "record": record,
        "number": number,
        "standard": standard_mapping(),
    }
    if direction in DIRECTIONS:
        try:
            context["preview"] = preview_record(connector, direction, record, number)
        except NoPreview as error:
            context["refusal"] = str(error)
    return render(request, "web/field_mappings.html", context)
