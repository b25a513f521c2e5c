"""One whole comparison: the timeline, then the stand-alone recordings, each in the shop that it was recorded in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from conformance.circumstances import add_integrations, add_people, circumstances
from conformance.comparison import Differ
from conformance.exemptions import Exemptions
from conformance.handshake import HandshakeReplay
from conformance.player import Player, TokenOffice
from conformance.recordings import (
    Answer,
    DataError,
    Recording,
    read_alone,
    read_credentials,
    read_timeline,
)
from mageferry.sandbox import Sandbox

EMPTY_SHOP = ("twofactor",)
"""Recorded before the shop had any content."""
AFTER_TIMELINE = ("errors", "concurrency")
"""Recorded, like everything that was recorded later, after the requests of the timeline had been sent once."""
CONTENT_GROUP = "seed"
HANDSHAKE = "oauth_handshake"
DOCUMENTS = ("store_views", "store_groups", "websites", "store_configs", "modules")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one recording: the differences (none: equal), or the reason why it is not imitated."""

    group: str
    title: str
    request: str
    differences: tuple[str, ...] = ()
    exempt: str = ""

    @property
    def equal(self) -> bool:
        return not self.differences and not self.exempt


class Replay:
    """Compares a directory of recordings with sandboxes that are started for it."""

    def __init__(self, directory: Path, exemptions: Exemptions) -> None:
        self._store = directory / "store"
        if not self._store.is_dir():
            raise DataError(f"{directory} holds no store/ to start from")
        self._timeline = read_timeline(directory)
        self._alone = read_alone(directory)
        self._credentials = read_credentials(directory)
        self._office = TokenOffice([*self._timeline, *self._alone])
        self._exemptions = exemptions

    def run(self) -> Iterator[Verdict]:
        """A verdict for every recording that has an answer, group by group."""
        for groups, store in self._early_runs():
            with self._open(store) as player:
                yield from self._play_alone(player, groups)
        with self._open(self._store) as player:
            yield from self._play_timeline(player)
            yield from self._play_alone(player, self._late())

    def _late(self) -> list[Recording]:
        """What was recorded in a shop that had been through the timeline's requests."""
        starts = [entry.at for entry in self._alone if entry.group in AFTER_TIMELINE and entry.at]
        start = min(starts, default=datetime.max.replace(tzinfo=UTC))
        return [entry for entry in self._alone if entry.at and entry.at >= start]

    def _early_runs(self) -> Iterator[tuple[list[Recording], Path | None]]:
        """Stand-alone recordings by group, each with the content to start from; None is an empty shop."""
        late = self._late()
        early = sorted((entry for entry in self._alone if entry not in late), key=lambda entry: entry.group)
        for group, entries in groupby(early, key=lambda entry: entry.group):
            yield list(entries), None if group in EMPTY_SHOP else self._store

    @contextmanager
    def _open(self, store: Path | None) -> Iterator[Player]:
        """A sandbox with the shop's content, people and integrations."""
        with tempfile.TemporaryDirectory() as empty:
            if store is None:
                for name in DOCUMENTS:
                    content = self._store / f"{name}.json"
                    if content.is_file():
                        (Path(empty) / content.name).write_bytes(content.read_bytes())
            with Sandbox(store or Path(empty), password=self._credentials.password) as sandbox:
                # Operations wait for the step that runs the consumers, however long the replay takes.
                sandbox.control.set_setting("sandbox/async/delay_seconds", "")
                player = Player(sandbox, self._office)
                if store is not None:
                    self._restore_scoped_values(player)
                    add_people(sandbox, self._credentials, self._alone)
                add_integrations(sandbox, self._credentials)
                yield player

    def _restore_scoped_values(self, player: Player) -> None:
        """A store export holds global values only: what the shop's maker wrote for one store view is written
        again.
        """
        codes = {str(view["code"]) for view in player.sandbox.shop.store_views()}
        for recording in (entry for entry in self._alone if entry.group == CONTENT_GROUP):
            for exchange in recording.exchanges:
                store_code = exchange.request.target.removeprefix("/rest/").partition("/")[0]
                if exchange.request.method == "PUT" and store_code in codes:
                    player.play(exchange, recording.title)

    def _play_timeline(self, player: Player) -> Iterator[Verdict]:
        moments = [entry.at for entry in self._timeline if entry.at]
        differ = Differ(min(moments, default=datetime.now(UTC)))
        if moments:
            player.sandbox.control.set_clock(min(moments))
        for recording in self._timeline:
            if recording.step:
                take_step(player, recording.step)
            for exchange in recording.exchanges:
                found = player.play(exchange, recording.title)
                if exchange.answer is not None:
                    differ.ignored = self._exemptions.fields(recording.title)
                    yield self._judge(recording, differ.compare(exchange.answer, found))

    def _play_alone(self, player: Player, recordings: list[Recording]) -> Iterator[Verdict]:
        moments = [entry.at for entry in recordings if entry.at]
        differ = Differ(min(moments, default=datetime.now(UTC)))
        handshake = HandshakeReplay(player, recordings)
        for recording in recordings:
            if not any(exchange.answer for exchange in recording.exchanges):
                continue
            if self._exemptions.reason(recording.title):
                yield self._judge(recording, [])
                continue
            answers = self._answers(player, recording, handshake)
            yield self._judge(recording, compare_sets(recording, answers, differ))

    def _answers(self, player: Player, recording: Recording, handshake: HandshakeReplay) -> list[Answer]:
        if recording.group == HANDSHAKE:
            return [handshake.play(recording)]
        with circumstances(player, recording, self._credentials, self._office):
            return play_together(player, recording)

    def _judge(self, recording: Recording, differences: list[str]) -> Verdict:
        request = recording.exchanges[0].request
        shown = f"{request.method} {request.target[:150]}"
        reason = self._exemptions.reason(recording.title)
        return Verdict(recording.group, recording.title, shown, () if reason else tuple(differences), reason)


def take_step(player: Player, step: str) -> None:
    """Something that happened in the shop between two requests. Raises DataError for one that is not known."""
    if "consumers" not in step:
        raise DataError(f"unknown step in the timeline: {step!r}; known is running the consumers")
    player.sandbox.control.run_consumers()


def play_together(player: Player, recording: Recording) -> list[Answer]:
    """The answers of the recording's exchanges, several sent at once."""
    if len(recording.exchanges) == 1:
        return [player.play(recording.exchanges[0], recording.title)]
    with ThreadPoolExecutor(len(recording.exchanges)) as pool:
        return list(pool.map(lambda exchange: player.play(exchange, recording.title), recording.exchanges))


def compare_sets(recording: Recording, found: list[Answer], differ: Differ) -> list[str]:
    """Answers to requests that were sent at once are the same when some order of them is."""
    wanted = [exchange.answer for exchange in recording.exchanges if exchange.answer]
    if len(wanted) == len(found) == 1:
        return differ.compare(wanted[0], found[0])
    left, lines = list(found), []
    for answer in wanted:
        nearest = min(left, key=lambda entry: len(_parallel(differ).compare(answer, entry)))
        lines += _parallel(differ).compare(answer, nearest)
        left.remove(nearest)
    return lines


def _parallel(differ: Differ) -> Differ:
    return Differ(differ.since, free_ids=True)
