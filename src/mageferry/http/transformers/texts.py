"""Transformers of texts."""

from __future__ import annotations

from typing import Any

from mageferry.http.config.fields import option
from mageferry.http.transformers.described import Place
from mageferry.http.transformers.errors import TransformError, shown
from mageferry.http.transformers.fields import ValueDescription, change_value
from mageferry.http.transformers.running import Step


class SplitText(ValueDescription):
    type_name = "split_text"
    title = "Split a text into parts"
    separator: str = option(" ", "Separator", "Several in a row count as one.", min_length=1)
    most: int | None = option(None, "Parts at most", "The last has all that is left; empty: all.", ge=1)

    def build(self, place: Place) -> Step:
        def become(value: Any) -> Any:
            if not isinstance(value, str):
                raise TransformError(
                    f"{shown(value, self.source)} is no text",
                    path=place.at("source"),
                    remedy="Correct the value, or the source.",
                )
            return self._parts(value)

        return change_value(self, become, place)

    def _parts(self, text: str) -> list[str]:
        parts: list[str] = []
        rest = text
        while rest:
            part, _, behind = rest.partition(self.separator)
            if self.most is not None and len(parts) == self.most - 1:
                part, behind = rest, ""
            if part.strip():
                parts.append(part.strip())
            rest = behind.strip() if self.separator.isspace() else behind
        return parts
