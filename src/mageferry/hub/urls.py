"""The hub's addresses."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from mageferry.hub.api.resources import api
from mageferry.hub.pipelines.authorization import authorized
from mageferry.hub.routes.webhooks import receive
from mageferry.hub.web import handshake, mapping_preview, views

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("health", views.health, name="health"),
    path("", include("mageferry.hub.work.endpoints")),
    path("run-flow/", views.run_flow_now, name="run_flow_now"),
    path("pause-work/", views.pause_work, name="pause_work"),
    path("resume-work/", views.resume_work, name="resume_work"),
    path("try-now/", views.try_now, name="try_now"),
    path("retry-unit/<int:pk>/", views.retry_unit, name="retry_unit"),
    path("field-mappings/<int:pk>/", mapping_preview.field_mappings, name="mapping_preview"),
    path("magento/<str:key>/callback", handshake.callback, name="magento_callback"),
    path("magento/<str:key>/identity", handshake.identity, name="magento_identity"),
    path("http/authorized", authorized, name="http_authorized"),
    path("hooks/<slug:code>", receive, name="hook"),
    path("hooks/<slug:code>/<path:rest>", receive),
    path("api/", api.urls),
    path("admin/", admin.site.urls),
]
