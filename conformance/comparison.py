"""Are two answers the same? Status, content type, and the body by structure and value.

This may differ, and nothing else, because no two runs or shops share it:

- moments of the run: a date and time at or after its start (what is older is content, and compared);
- UUIDs of bulks, ids of rows made by a counter that the store export cannot hold (``stock_item.item_id``):
  each may have another value, but the same one every time;
- tokens and hashes of the same form: JSON web tokens, ``protect_code``, ``data_hash``;
- numbers of error reports;
- the shop's own host and port;
- the order of keys, and blanks around a body that is not JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from conformance.recordings import Answer

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
JSON_WEB_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
_MOMENT = re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b")
_TEXTS = (
    (re.compile(r"Report ID: webapi-[0-9a-f]+"), "Report ID: webapi-*"),
    (re.compile(r"record number: [0-9a-f]+"), "record number: *"),
    (re.compile(r"report api(\\?/)\d+"), r"report api\1*"),
    (re.compile(r"127\.0\.0\.1(&#x3A;|:|\\u003A)\d+"), "HOST"),
    (re.compile(r"(oauth_token|oauth_token_secret)=\w{32}\b"), r"\1=*"),
    (JSON_WEB_TOKEN, "TOKEN"),
)
_RANDOM = {
    "protect_code": re.compile(r"[0-9a-f]{32}"),
    "data_hash": re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}"),
}
_NUMBERED = {"stock_item.item_id", "stockItem.item_id"}
_DOCUMENT_IDS = frozenset({"entity_id", "item_id", "parent_id", "order_id", "increment_id", "order_item_id"})
LONGEST_SHOWN = 160


@dataclass(slots=True)
class Differ:
    """Compares the answers of one run. ``since`` is its start: moments from then on are its own.

    ``free_ids`` is for exchanges that were sent at once: which of them got which id is chance. ``ignored`` are
    fields that are left out, of one recording.
    """

    since: datetime
    free_ids: bool = False
    ignored: frozenset[str] = frozenset()
    _renamed: dict[tuple[str, str], str] = field(default_factory=dict)

    def compare(self, recorded: Answer, found: Answer) -> list[str]:
        """Every difference, as one line each; none when the answers are the same."""
        lines = []
        if recorded.status != found.status:
            lines.append(f"status: expected {recorded.status}, found {found.status}")
        if recorded.content_type != found.content_type:
            lines.append(f"content type: expected {recorded.content_type!r}, found {found.content_type!r}")
        pair = [self._read(answer.body) for answer in (recorded, found)]
        return [*lines, *self._differences(pair[0], pair[1], "$")]

    def _read(self, body: str) -> Any:
        """JSON as a tree, anything else as text, both without what may differ everywhere."""
        start = self.since.strftime("%Y-%m-%d %H:%M:%S")
        text = _MOMENT.sub(lambda match: "MOMENT" if match[0] >= start else match[0], body)
        for pattern, replacement in _TEXTS:
            text = pattern.sub(replacement, text)
        try:
            return json.loads(text)
        except ValueError:
            return text.strip()

    def _differences(self, expected: Any, found: Any, path: str) -> Iterator[str]:
        if isinstance(expected, dict) and isinstance(found, dict):
            yield from self._compare_maps(expected, found, path)
        elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
            for index, pair in enumerate(zip(expected, found, strict=True)):
                yield from self._differences(*pair, f"{path}[{index}]")
        elif isinstance(expected, str) and isinstance(found, str):
            yield from self._compare_texts(expected, found, path)
        elif not self._same_value(expected, found, path):
            yield f"{path}: expected {shorten(expected)}, found {shorten(found)}"

    def _compare_maps(self, expected: dict[str, Any], found: dict[str, Any], path: str) -> Iterator[str]:
        for key in sorted(expected.keys() | found.keys()):
            where = f"{path}.{key}"
            if key in self.ignored:
                continue
            if key not in found:
                yield f"{where}: missing, expected {shorten(expected[key])}"
            elif key not in expected:
                yield f"{where}: not expected, found {shorten(found[key])}"
            else:
                yield from self._differences(expected[key], found[key], where)

    def _compare_texts(self, expected: str, found: str, path: str) -> Iterator[str]:
        """Texts, or JSON within a text, such as the result that an asynchronous operation keeps."""
        inner = _embedded(expected), _embedded(found)
        if inner[0] is not None and inner[1] is not None:
            yield from self._differences(*inner, f"{path}(JSON)")
        elif not self._same_value(expected, found, path):
            yield f"{path}: expected {shorten(expected)}, found {shorten(found)}"

    def _same_value(self, expected: Any, found: Any, path: str) -> bool:
        if expected == found and isinstance(expected, bool) == isinstance(found, bool):
            return True
        names = [part.partition("[")[0].removesuffix("(JSON)") for part in path.split(".")]
        form = _RANDOM.get(names[-1])
        if form is not None and isinstance(expected, str) and isinstance(found, str):
            return bool(form.fullmatch(expected) and form.fullmatch(found))
        if ".".join(names[-2:]) in _NUMBERED:
            return self._renames(names[-1], expected, found)
        if self.free_ids and (names[-1] in _DOCUMENT_IDS or path == "$"):
            return str(expected).isdigit() and str(found).isdigit()
        return (
            isinstance(expected, str)
            and isinstance(found, str)
            and bool(UUID.search(expected))
            and self._same_but_uuids(expected, found)
        )

    def _same_but_uuids(self, expected: str, found: str) -> bool:
        if UUID.sub("*", expected) != UUID.sub("*", found):
            return False
        pairs = zip(UUID.findall(expected), UUID.findall(found), strict=True)
        return all(self._renames("uuid", old, new) for old, new in pairs)

    def _renames(self, kind: str, old: object, new: object) -> bool:
        """Whether ``new`` is what ``old`` was called before, or neither has been seen."""
        here, back = (f"{kind}:to", str(old)), (f"{kind}:from", str(new))
        known = self._renamed.setdefault(here, str(new)), self._renamed.setdefault(back, str(old))
        return known == (str(new), str(old))


def _embedded(text: str) -> Any:
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def shorten(value: Any) -> str:
    """A value for one line of a report."""
    text = json.dumps(value, ensure_ascii=False)
    cut = LONGEST_SHOWN - 10
    return text if len(text) < LONGEST_SHOWN else f"{text[:cut]}… ({len(text)} characters)"
