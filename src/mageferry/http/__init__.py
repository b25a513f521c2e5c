"""Generic HTTP clients: flows, plugins and authentication over httpx2. Knows no Magento and no Django."""

from httpx2 import Headers

from mageferry.http.client import AsyncHttpClient, HttpClient, HttpConfig
from mageferry.http.errors import (
    ConnectionLost,
    HostUnknown,
    HttpError,
    InvalidRequest,
    NotSent,
    ProxyRefused,
    TimedOut,
    TlsFailed,
    Unanswered,
    Unreachable,
    UnreadableBody,
)
from mageferry.http.flow import (
    Exclusively,
    Flow,
    Middleware,
    Next,
    Plugin,
    Sleep,
    Stage,
    arun,
    compose,
    exclusively,
    run,
    transmit,
)
from mageferry.http.message import SAFE_METHODS, Request, Response, Timeouts
from mageferry.http.redaction import Secret

__all__ = [
    "SAFE_METHODS",
    "AsyncHttpClient",
    "ConnectionLost",
    "Exclusively",
    "Flow",
    "Headers",
    "HostUnknown",
    "HttpClient",
    "HttpConfig",
    "HttpError",
    "InvalidRequest",
    "Middleware",
    "Next",
    "NotSent",
    "Plugin",
    "ProxyRefused",
    "Request",
    "Response",
    "Secret",
    "Sleep",
    "Stage",
    "TimedOut",
    "Timeouts",
    "TlsFailed",
    "Unanswered",
    "Unreachable",
    "UnreadableBody",
    "arun",
    "compose",
    "exclusively",
    "run",
    "transmit",
]
