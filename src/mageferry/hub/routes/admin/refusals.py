"""The list of deliveries to webhooks that weren't taken."""

from __future__ import annotations

from mageferry.hub import adminsite
from mageferry.hub.routes.models import RefusedDelivery


@adminsite.register(RefusedDelivery)
class RefusedDeliveryAdmin(adminsite.ReadOnlyAdmin):
    list_display = ("last_at", "incoming", "count", "reason", "remedy", "status", "size_bytes", "address")
    list_filter = ("incoming", "status", ("last_at", adminsite.MomentFilter))
    list_filter_submit = True
    list_select_related = ("incoming",)
    search_fields = ("reason", "address", "body")
    search_help_text = "Words of the reason or of the body, or the sender's address."
    show_full_result_count = False
    fields = (
        *(
            "incoming",
            "last_at",
            "count",
            "reason",
            "remedy",
            "status",
            "method",
            "size_bytes",
            "address",
            "body",
        ),
    )
