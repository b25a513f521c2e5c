"""A list of transformers, read and ready to run.

transformers = Transformers.parse([
    {"type": "filter", "keep": "status == 'new'"},
    {"type": "set", "target": "reference", "value": "order &{increment_id}"},
    {"type": "format_number", "source": "total", "target": "total", "digits": 2},
])
result = transformers.run_pure(orders)
result.data, result.failures
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

from mageferry.http.errors import InvalidRequest
from mageferry.http.flow import Flow, run
from mageferry.http.message import Request, Response
from mageferry.http.transformers.catalogue import Catalogue
from mageferry.http.transformers.described import read_steps
from mageferry.http.transformers.errors import TransformError
from mageferry.http.transformers.running import Ports, Step, Transformed, transform


class Transformers:
    """See the module."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = tuple(steps)

    @classmethod
    def parse(cls, listed: Any, path: str = "transformers", catalogue: Catalogue | None = None) -> Self:
        """From decoded JSON. Raises ConfigError with all that is wrong, each with the path of its field."""
        return cls(read_steps(listed, path, (catalogue or Catalogue()).by_name()))

    def run(self, entities: Sequence[Any], ports: Ports | None = None) -> Flow[Transformed]:
        """Transform copies of the entities. One that fails does so alone; the others go on."""
        return (yield from transform(self._steps, entities, ports or Ports()))

    def run_pure(self, entities: Sequence[Any], ports: Ports | None = None) -> Transformed:
        """The same at once, for transformers that make no requests; one that does fails its entity."""
        return run(self.run(entities, ports), _refuse)

    def for_items(self, ports: Ports | None = None) -> Callable[[Any], Flow[Sequence[Any]]]:
        """As the input transformer of a subscriber: each item by itself, so grouping has nothing to group.

        The flow raises TransformError for an item that fails, whole or in part.
        """

        def transform_item(item: Any) -> Flow[Sequence[Any]]:
            result = yield from self.run([item], ports)
            for failure in result.failures:
                raise TransformError(
                    failure.message, path=failure.path, remedy=failure.remedy, transient=failure.transient
                )
            return result.data

        return transform_item


def _refuse(request: Request) -> Response:
    raise InvalidRequest(
        "A request was made where none can be", remedy="Run the transformers with an HTTP client."
    )
