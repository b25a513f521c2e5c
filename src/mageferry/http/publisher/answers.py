"""What an answer says: its body decoded, and a scope to look at it with."""

from __future__ import annotations

from typing import Any, Final
from xml.etree import ElementTree

from mageferry.http.message import Response
from mageferry.http.placeholders import Scope

_DEEPEST: Final = 100


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
            return from_xml(response.content)
        except ValueError:
            pass
    return response.content.decode("utf-8", "replace")


def from_xml(content: bytes) -> Any:
    """XML as objects. Raises ValueError for what is none, is nested too deeply or declares entities."""
    # Entities can make a short document fill the memory, and no API needs them.
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise ValueError("the XML has a document type")
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, LookupError) as error:
        raise ValueError("this is no XML") from error
    return {_local(root.tag): _value(root, 0)}


def _value(element: ElementTree.Element, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError("the XML is nested too deeply")
    text = (element.text or "").strip()
    if not len(element) and not element.attrib:
        return text
    found: dict[str, Any] = {f"@{_local(name)}": value for name, value in element.attrib.items()}
    for child in element:
        name, value = _local(child.tag), _value(child, depth + 1)
        if name in found:
            before = found[name]
            found[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            found[name] = value
    if text:
        found["#text"] = text
    return found


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def answer_scope(scope: Scope, response: Response, body: Any) -> Scope:
    """The body as data, and `@{answer.status}`, `@{answer.headers.location}` (names in lower case)."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    answer = {"status": response.status, "headers": headers}
    return Scope(body, scope.environment, {**scope.context, "answer": answer})
