"""What an answer says: its body decoded, and a scope to look at it with."""

from __future__ import annotations

from typing import Any

from mageferry.http.message import Response
from mageferry.http.placeholders import Scope
from mageferry.http.subscriber.errors import UnreadableAnswer
from mageferry.http.subscriber.formats import Limits, Markup
from mageferry.http.subscriber.formats.markup import decode_xml


def decoded(response: Response) -> Any:
    """The body: JSON, or XML as objects (`@name` attributes, `#text`, repeated elements as lists), else its
    text; None for an empty one."""
    if not response.content.strip():
        return None
    try:
        return response.json()
    except ValueError:
        pass
    if response.content_type.endswith(("/xml", "+xml")):
        try:
            return decode_xml(response.content, "", Markup(), Limits())
        except UnreadableAnswer:
            pass
    return response.content.decode("utf-8", "replace")


def answer_scope(scope: Scope, response: Response, body: Any) -> Scope:
    """The body as data, and `@{answer.status}`, `@{answer.headers.location}` (names in lower case)."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    answer = {"status": response.status, "headers": headers}
    return Scope(body, scope.environment, {**scope.context, "answer": answer})
