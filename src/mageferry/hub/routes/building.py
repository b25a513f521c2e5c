"""What is built in the browser: the options of each type of incoming and outgoing, and the steps to build it in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mageferry.http.config.outline import Node, outline
from mageferry.http.transformers import LISTED
from mageferry.hub.routes.end_types import INCOMING, OUTGOING
from mageferry.hub.routes.models import IncomingType


def _transformers(title: str, help: str) -> Node:
    node = Node(name="transformers", kind="list_of", title=title, help=help, required=False, default=None)
    node["of"] = LISTED["x-list-of"]
    return node


_INPUT: Final = _transformers("Input transformers", "Of each item by itself, before it is an entity.")
BEFORE_SENT: Final = _transformers("Transformers", "In their order, on each entity before it is sent.")


def _incoming_outlines() -> dict[str, list[Node]]:
    """The options of each type; transformers stand before the entities that they lead to."""
    found = {}
    for name, description in INCOMING.items():
        nodes = outline(description)
        if all(node["name"] != "transformers" for node in nodes):
            at = next((at for at, node in enumerate(nodes) if node["name"] == "entities"), len(nodes))
            nodes.insert(at, _INPUT)
        found[str(name)] = nodes
    return found


INCOMING_OUTLINES: Final = _incoming_outlines()
OUTGOING_OUTLINES: Final = {
    str(name): outline(description, without=("batch",)) for name, description in OUTGOING.items()
}
# In the order in which a person builds an incoming: each step tries all up to itself.
STEPS: Final[Mapping[str, Mapping[str, str]]] = {
    IncomingType.HTTP: {
        "request": "Run this step: send the request",
        "answer": "Run this step: read the answer",
        "items": "Run this step: find the items",
        "pagination": "Run this step: read two pages",
        "delta": "Run this step: read what has changed",
        "transformers": "Run this step: transform the items",
        "entities": "Run all steps: make entities",
    },
    **{
        name: {
            "transformers": "Run this step: transform the sample",
            "entities": "Run all steps: make entities",
        }
        for name in (IncomingType.WEBHOOK, IncomingType.FILE)
    },
    **{
        name: {"transformers": "Run this step: read and transform"}
        for name in (IncomingType.STORAGE, IncomingType.HUB)
    },
}
