"""Id maps in the database. What a chain puts is written together with the state of the chain, or not at all."""

from __future__ import annotations

from mageferry.hub.routes.models import IdMapEntry


class DatabaseIdMap:
    """An IdMap whose new ids wait until they are flushed, in a transaction of the caller's."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], str] = {}

    def get(self, name: str, local_id: str) -> str | None:
        """The remote id, None when there is none."""
        waiting = self._waiting.get((name, local_id))
        if waiting is not None:
            return waiting
        rows = IdMapEntry.objects.filter(map=name, local_id=local_id)
        return rows.values_list("remote_id", flat=True).first()

    def put(self, name: str, local_id: str, remote_id: str) -> None:
        """Keep an id until the next flush."""
        self._waiting[(name, local_id)] = remote_id

    def flush(self) -> None:
        """Write what waits."""
        for (name, local_id), remote_id in self._waiting.items():
            put_id(name, local_id, remote_id)
        self._waiting.clear()


def put_id(name: str, local_id: str, remote_id: str) -> None:
    """Write one id, in place of what was there."""
    IdMapEntry.objects.update_or_create(map=name, local_id=local_id, defaults={"remote_id": remote_id})
