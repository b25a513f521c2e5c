"""One step of a chain: when it runs, what it sends, which ids it reads and saves."""

from __future__ import annotations

from typing import Any

from mageferry.http.descriptions import expression
from mageferry.http.placeholders import Scope, Template, TemplateError, as_text, secrets_in
from mageferry.http.publisher.chain.described import IdReading, IdSaving, StepDescription
from mageferry.http.publisher.chain.ids import IdMap
from mageferry.http.publisher.described import PublisherDescription
from mageferry.http.publisher.publishing import Publisher
from mageferry.http.redaction import Secret


class Step:
    """A step, its texts read. Everything raises TemplateError for what the data does not have."""

    def __init__(self, how: StepDescription, path: str) -> None:
        self.name = how.name
        self.action = how.action
        self._path = path
        self._when = expression(how.when, f"{path}.when")
        self._each = expression(how.for_each, f"{path}.for_each")
        self._keep = expression(how.keep, f"{path}.keep")
        self._message = Template.parse(how.message, f"{path}.message")
        self._reads = {name: _Reading(read, f"{path}.read_ids.{name}") for name, read in how.read_ids.items()}
        self._saves = [_Saving(save, f"{path}.save_ids[{i}]") for i, save in enumerate(how.save_ids)]
        self.publisher = _publisher(how, path)

    @property
    def is_for_each(self) -> bool:
        return self._each is not None

    @property
    def saves_ids(self) -> bool:
        return bool(self._saves)

    def items(self, scope: Scope) -> list[Any]:
        """What a for-each step is made for; nothing found is no item."""
        found = self._each.search(scope) if self._each is not None else None
        if found is not None and not isinstance(found, list):
            raise TemplateError(
                "It finds no list", path=f"{self._path}.for_each", remedy="Give the path of a list."
            )
        return found or []

    def read_ids(self, scope: Scope, ids: IdMap) -> dict[str, str | None]:
        """The ids of the map, by the names the step gives them."""
        return {name: reading.read(scope, ids) for name, reading in self._reads.items()}

    def applies(self, scope: Scope) -> bool:
        return self._when is None or self._when.holds(scope)

    def kept(self, body: Any, scope: Scope) -> Any:
        """What of an answer later steps see."""
        found = body if self._keep is None else self._keep.search(scope.with_data(body))
        if any(secrets_in(found)):
            raise TemplateError(
                "A secret would be stored with the state", path=f"{self._path}.keep", remedy="Leave it out."
            )
        return found

    def message(self, scope: Scope) -> str:
        """Why the chain ends here; a secret in it is masked."""
        return str(text) if isinstance(text := self._message.fill(scope), Secret) else as_text(text)

    def save_ids(self, scope: Scope, remote_id: str | int | None, ids: IdMap) -> None:
        """Put the ids of this step, which is done, into the maps."""
        for name, key, value in [saving.entry(scope, remote_id) for saving in self._saves]:
            ids.put(name, key, value)


def _publisher(how: StepDescription, path: str) -> Publisher | None:
    if how.request is None:
        return None
    return Publisher(PublisherDescription(request=how.request, answer=how.answer, repeat=how.repeat), path)


class _Reading:
    def __init__(self, how: IdReading, path: str) -> None:
        self._how = how
        self._key = Template.parse(how.key, f"{path}.key")
        self._path = path

    def read(self, scope: Scope, ids: IdMap) -> str | None:
        found = ids.get(self._how.map, _id_text(self._key.fill(scope), f"{self._path}.key"))
        if found is None and self._how.needed:
            raise TemplateError(
                f"The id map {self._how.map} has no id for it",
                path=self._path,
                remedy="Send what it belongs to first, or enter its id in the map.",
            )
        return found


class _Saving:
    def __init__(self, how: IdSaving, path: str) -> None:
        self._map = how.map
        self._key = Template.parse(how.key, f"{path}.key")
        self._value = Template.parse(how.value, f"{path}.value") if how.value else None
        self._path = path

    def entry(self, scope: Scope, remote_id: str | int | None) -> tuple[str, str, str]:
        value = remote_id if self._value is None else self._value.fill(scope)
        key = _id_text(self._key.fill(scope), f"{self._path}.key")
        return self._map, key, _id_text(value, f"{self._path}.value")


def _id_text(value: Any, path: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise TemplateError(
            "An id is a text or a whole number, and no secret",
            path=path,
            remedy="Correct the template, or the value that it finds.",
        )
    return str(value)
