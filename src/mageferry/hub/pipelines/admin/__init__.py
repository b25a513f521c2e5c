"""Pages of HTTP clients, HTTP authentications, and the requests that were sent."""

from mageferry.hub.pipelines.admin.authentications import AuthenticationAdmin
from mageferry.hub.pipelines.admin.clients import ClientAdmin
from mageferry.hub.pipelines.admin.requests import RequestAdmin

__all__ = ["AuthenticationAdmin", "ClientAdmin", "RequestAdmin"]
