"""A delivery as it came over the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from mageferry.http.subscriber.errors import UnreadableAnswer

_MOST_PARAMETERS = 1000


@dataclass(frozen=True, slots=True, repr=False)
class Delivery:
    """`target`: path and query as they came, encoded. `body`: the bytes as they came, for signatures."""

    method: str
    target: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def __repr__(self) -> str:
        # The path may hold the shared secret.
        return f"<Delivery {self.method}, {len(self.body)} bytes>"

    def header(self, name: str) -> str | None:
        """The header's value, whatever the case of its name."""
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), None)

    @property
    def last_segment(self) -> str:
        """The last part of the path, decoded."""
        return unquote(self.target.partition("?")[0].rstrip("/").rpartition("/")[2])

    def parameters(self, name: str) -> list[str]:
        """The values of a query parameter."""
        return [value for key, value in self._pairs() if key == name]

    def query(self, without: str = "") -> dict[str, str]:
        """The query, but for the parameter with the secret; of one that comes twice the last counts."""
        return {name: value for name, value in self._pairs() if name != without}

    def _pairs(self) -> list[tuple[str, str]]:
        try:
            return parse_qsl(
                self.target.partition("?")[2], keep_blank_values=True, max_num_fields=_MOST_PARAMETERS
            )
        except ValueError:
            raise UnreadableAnswer(
                f"The query has more than {_MOST_PARAMETERS} parameters", remedy="Send them in the body."
            ) from None
