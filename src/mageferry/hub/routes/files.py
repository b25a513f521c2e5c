"""Files that are dropped into a directory: claimed by a rename, read, and moved on to done or failed.

<drop directory>/<directory>/orders.csv -> .claimed/orders.csv -> done/orders.csv
                                                               -> failed/orders.csv, orders.csv.reason.txt
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import structlog
from django.utils import timezone

from mageferry.http.config import ConfigError, Problem
from mageferry.http.subscriber import IncomingError
from mageferry.http.subscriber.formats import Rows, decode
from mageferry.http.subscriber.together import together_at_once
from mageferry.hub.configuration import configuration
from mageferry.hub.routes.end_types import FileDescription
from mageferry.hub.routes.models import Incoming, TakenDelivery
from mageferry.hub.routes.portions import Portion, sort_items
from mageferry.hub.routes.reach import Reach
from mageferry.hub.routes.settings import description_of

log = structlog.stdlib.get_logger(__name__)

CLAIMED: Final = ".claimed"
DONE: Final = "done"
FAILED: Final = "failed"
_REMEMBERED_DAYS: Final = 30
_TYPES: Final = {
    ".json": "application/json", ".xml": "application/xml", ".csv": "text/csv", ".tsv": "text/tab-separated-values",
    ".txt": "text/csv",
}  # fmt: skip


def drop_root() -> Path:
    """The directory below which files may be dropped."""
    return configuration().drop_directory or configuration().home / "drop"


class FileSource:
    """The files of one directory, the oldest first."""

    def __init__(self, incoming: Incoming, reach: Reach) -> None:
        self._incoming, self._reach = incoming, reach
        self._how: FileDescription = description_of(incoming)
        self._folder = _folder(self._how.directory)

    def portions(self) -> Iterator[Portion]:
        for name in [CLAIMED, DONE, FAILED]:
            (self._folder / name).mkdir(exist_ok=True)
        # What a process that died had claimed is read first, unless it had become tasks.
        left = sorted((self._folder / CLAIMED).iterdir())
        for path in [*left, *self._waiting()]:
            claimed = self._claim(path)
            if claimed is None:
                continue
            if path in left and self._is_taken(claimed):
                _move(claimed, self._folder / DONE)
                continue
            try:
                yield self._read(claimed)
            except (IncomingError, OSError) as error:
                reason = error.message if isinstance(error, IncomingError) else f"{error.strerror}"
                remedy = getattr(error, "remedy", "") or "Mend the file, then drop it again."
                self._fail(claimed, reason, remedy)
                yield Portion(claimed.name, 0, (), lost=(f"{claimed.name}: {reason}",))

    def note(self, portion: Portion) -> None:
        """The file becomes tasks in this transaction: it isn't read again, should this process end right behind it."""
        if portion.origin is not None and not portion.lost:
            until = timezone.now() + dt.timedelta(days=_REMEMBERED_DAYS)
            key = file_key(portion.origin)
            TakenDelivery.objects.update_or_create(
                incoming=self._incoming, key=key, defaults={"until": until}
            )

    def settle(self, portion: Portion) -> None:
        """The file has become tasks."""
        if portion.origin is None:
            return
        key = file_key(portion.origin)
        if portion.lost:
            self._fail(portion.origin, "\n".join(portion.lost), "Mend these items and drop them again.")
        else:
            _move(portion.origin, self._folder / DONE)
        TakenDelivery.objects.filter(incoming=self._incoming, key=key).delete()

    def mark(self) -> dt.datetime | None:
        return None

    def _waiting(self) -> list[Path]:
        latest = time.time() - self._how.settle_seconds
        found = [
            path
            for path in self._folder.iterdir()
            # A link could lead anywhere.
            if not path.name.startswith(".") and not path.is_symlink() and path.is_file()
            if fnmatchcase(path.name, self._how.pattern) and path.stat().st_mtime <= latest
        ]
        return sorted(found, key=lambda path: (path.stat().st_mtime, path.name))

    def _claim(self, path: Path) -> Path | None:
        if path.parent.name == CLAIMED:
            return path
        target = _free_name(self._folder / CLAIMED, path.name)
        try:
            return path.rename(target)
        except FileNotFoundError:
            # Its owner took it back.
            return None

    def _is_taken(self, path: Path) -> bool:
        """Whether a claimed file had become tasks when its process ended."""
        return TakenDelivery.objects.filter(incoming=self._incoming, key=file_key(path)).exists()

    def _read(self, path: Path) -> Portion:
        answer = self._how.answer.written()
        if path.stat().st_size > answer.limits.body_bytes:
            raise IncomingError(
                f"The file is larger than {answer.limits.body_bytes:,} bytes",
                remedy="Split it, or raise answer.limits.body_bytes.",
            )
        decoded = decode(path.read_bytes(), _TYPES.get(path.suffix.lower(), ""), answer)
        pattern = self._how.items.build()
        if isinstance(decoded, Rows):
            rows = list(decoded.rows)
        else:
            rows, _ = pattern.find(decoded.data)
            answer.limits.check_items(len(rows))
        items = together_at_once(rows, pattern.by)
        found = sort_items(self._incoming, items, self._reach, path.name)
        return Portion(
            path.name, len(rows), tuple(found.arrivals), found.dropped, tuple(found.lost), origin=path
        )

    def _fail(self, path: Path, reason: str, remedy: str) -> None:
        moved = _move(path, self._folder / FAILED)
        moved.with_name(f"{moved.name}.reason.txt").write_text(f"{reason}\n{remedy}\n", encoding="utf-8")
        log.warning("A dropped file failed", incoming=self._incoming.code, file=moved.name)


def file_key(path: Path) -> str:
    """What tells this very file from another one of its name."""
    stat = path.stat()
    text = f"{path.name}/{stat.st_ino}/{stat.st_mtime_ns}/{stat.st_size}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _folder(directory: str) -> Path:
    root = drop_root().resolve()
    folder = (root / directory).resolve()
    if not folder.is_relative_to(root):
        problem = Problem("directory", "it leads out of the directory for files", "Choose one below it.")
        raise ConfigError([problem])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            [Problem("directory", f"{folder} can't be made ({error.strerror})", "Let the hub write there.")]
        ) from None
    return folder


def _move(path: Path, folder: Path) -> Path:
    return path.rename(_free_name(folder, path.name))


def _free_name(folder: Path, name: str) -> Path:
    """The name itself, or one with a number, so that nothing is overwritten."""
    target, number = folder / name, 1
    while target.exists():
        number += 1
        target = folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
    return target
