"""A key in the address, for servers that want it there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mageferry.http.encoding import with_query
from mageferry.http.flow import Flow, Next
from mageferry.http.message import Request, Response
from mageferry.http.redaction import Secret


@dataclass(frozen=True, slots=True)
class QueryParam:
    """Adds `name=value` to the query of every request."""

    name: str
    value: Secret

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        url = with_query(request.url, [(self.name, self.value.reveal())])
        return next(replace(request, url=url, secrets=(*request.secrets, self.value)))
