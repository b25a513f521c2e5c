"""Query defaults: parameters for every request that does not name them itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar
from urllib.parse import unquote

from mageferry.http.encoding import with_query
from mageferry.http.flow import Flow, Next, Stage
from mageferry.http.message import Request, Response
from mageferry.http.redaction import Secret


@dataclass(frozen=True, slots=True)
class QueryDefaults:
    """Adds parameters that the address does not have."""

    parameters: Mapping[str, str | Secret]
    stage: ClassVar[Stage] = Stage.PREPARE
    adds: ClassVar[bool] = True

    def __call__(self, request: Request, next: Next) -> Flow[Response]:
        query = request.url.partition("#")[0].partition("?")[2]
        present = {unquote(pair.partition("=")[0]) for pair in query.split("&")}
        missing = [
            (name, value.reveal() if isinstance(value, Secret) else value)
            for name, value in self.parameters.items()
            if name not in present
        ]
        secrets = tuple(value for value in self.parameters.values() if isinstance(value, Secret))
        url = with_query(request.url, missing)
        return next(replace(request, url=url, secrets=(*request.secrets, *secrets)))
