"""The tutorial on any system, walked as it is written: each command, and what it says it prints."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from mageferry.cli.main import app
from mageferry.hub.pipelines.clients import close_clients
from mageferry.hub.routes.models import IdMapEntry, RouteTask
from mageferry.sandbox import Sandbox
from tests.hub.plain_shop import ask

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial" / "any-system.md"
BLOCK = re.compile(r"^```console\n(.+?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = "http://127.0.0.1:8085"


@dataclass(slots=True)
class Typed:
    """One command as it stands on the page: what goes in by a heredoc, and what it is said to print."""

    command: str
    given: str = ""
    printed: list[str] = field(default_factory=list)


def commands() -> Iterator[Typed]:
    for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        lines = iter(block.splitlines())
        typed: Typed | None = None
        for line in lines:
            if line.startswith("$ "):
                if typed is not None:
                    yield typed
                typed = Typed(line.removeprefix("$ ").removesuffix(" <<'END'"))
                if line.endswith(" <<'END'"):
                    typed.given = "".join(
                        f"{each}\n" for each in takewhile(lambda each: each != "END", lines)
                    )
            elif typed is not None:
                typed.printed.append(line)
        if typed is not None:
            yield typed


def reasons() -> list[str]:
    """Why tasks that nobody skipped aren't done."""
    undone = RouteTask.objects.exclude(unit__status__in=("finished", "skipped"))
    return list(undone.values_list("unit__reason", flat=True))


@dataclass(slots=True)
class Walk:
    """Somebody at the command line, with a shop; remembers the token that was asked for."""

    shop: Sandbox
    token: str = ""

    def type(self, typed: Typed) -> str:
        words = shlex.split(self.here(typed.command))
        if words[0] == "curl":
            return self.fetch_token(words)
        answer = CliRunner().invoke(
            app, words[1:], input=self.here(typed.given) or self.secret_for(typed.command)
        )
        expected = any("401" in line or "failed, " in line for line in typed.printed)
        assert answer.exit_code == 0 or expected, (answer.output, reasons())
        return answer.output

    def here(self, text: str) -> str:
        return text.replace(ADDRESS, self.shop.url).replace("PASSWORD", self.shop.password)

    def secret_for(self, command: str) -> str:
        """What is typed when it is asked for unseen."""
        if command.endswith("options.token"):
            return f"{self.token}\n"
        return f"{self.shop.password}\n" if command.endswith("options.secrets.password") else ""

    def fetch_token(self, words: list[str]) -> str:
        body = json.loads(words[words.index("-d") + 1])
        self.token = httpx2.post(words[2], json=body, trust_env=False).json()
        return self.token


@pytest.fixture
def walk(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Walk]:
    monkeypatch.chdir(tmp_path)
    with Sandbox("storefront", orders=20, username="hub") as shop:
        yield Walk(shop)
        close_clients()


def joined(text: str) -> str:
    """Without line breaks and the padding of tables."""
    return " ".join(text.split())


def test_each_command_does_what_the_page_says(walk: Walk) -> None:
    for typed in commands():
        output = joined(walk.type(typed))
        for line in typed.printed:
            assert joined(walk.here(line)) in output, f"$ {typed.command}\n{output}"
    assert reasons() == []
    shipped = IdMapEntry.objects.filter(map="shop-shipments").earliest("pk")
    order = ask(walk.shop, "GET", f"/rest/V1/orders/{shipped.local_id}")
    comments = [each["comment"] for each in order["status_histories"]]
    assert comments.count("Seen by the hub") == 1
    assert comments.count(f"Shipment {shipped.remote_id} by the hub") == 1
