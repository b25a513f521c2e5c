"""End-to-end tests: the real `mageferry` commands in processes of their own, and a real Chromium.

The tests here know the product only from outside: its commands, its pages and its files. They must not use
Django's ORM: while Playwright runs, the test's thread has an event loop, and Django refuses database calls
there (SynchronousOnlyOperation).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

MAGEFERRY = Path(sys.executable).with_name("mageferry")
START_SECONDS = 60.0
STOP_SECONDS = 15.0
PAGE_MILLISECONDS = 15_000
LOCAL_HOSTS = ("127.0.0.1", "localhost", "")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FAILED = pytest.StashKey[bool]()


@dataclass(frozen=True, slots=True)
class Running:
    """A `mageferry` process that was started for a test."""

    process: subprocess.Popen[bytes]
    log: Path

    def output(self) -> str:
        """What it has printed so far, standard error included."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> int:
        """Asks it to end with SIGTERM; returns its exit code. Kills its whole group if it won't."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self.kill()
        return self.process.wait()

    def kill(self) -> None:
        """Ends its process group at once: what a power cut does, and what sweeps up children left behind."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait()


def answers(url: str) -> bool:
    """Whether something speaks HTTP at `url`, whatever its status."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError as error:
        error.close()
    except OSError:
        return False
    return True


def wait_until_answering(running: Running, url: str) -> None:
    """Returns when `url` answers. Fails the test, with the process's output, when it ended or is too slow."""
    deadline = time.monotonic() + START_SECONDS
    while not answers(url):
        if (code := running.process.poll()) is not None:
            pytest.fail(
                f"it ended with exit code {code} before {url} answered:\n{running.output()}", pytrace=False
            )
        if time.monotonic() > deadline:
            pytest.fail(
                f"{url} did not answer within {START_SECONDS:g} s:\n{running.output()}", pytrace=False
            )
        time.sleep(0.1)


@pytest.fixture
def pick_port() -> Callable[[], int]:
    """A function that gives a port of 127.0.0.1 that is free now."""

    def pick() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        return port

    return pick


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of the started commands: a hub of their own, and nothing of the caller's settings."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ", "TMPDIR") if name in os.environ}
    return kept | {"HOME": str(tmp_path), "MAGEFERRY_HOME": str(tmp_path / "hub"), "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A function that runs `mageferry ARGUMENTS...` to its end: `run("demo").returncode`."""

    def run_command(*arguments: str, timeout_seconds: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [MAGEFERRY, *arguments],
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )

    return run_command


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """A function that starts `mageferry ARGUMENTS...` and returns once `answers_at` does; all are stopped."""
    started: list[Running] = []

    def start_command(*arguments: str, answers_at: str) -> Running:
        log = tmp_path / f"mageferry-{len(started)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [MAGEFERRY, *arguments],
                env=environment,
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        running = Running(process, log)
        started.append(running)
        wait_until_answering(running, answers_at)
        return running

    yield start_command
    for running in reversed(started):
        running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium; one per module, so that its event loop does not outlive the module's tests."""
    executable = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not Path(executable).exists():
        pytest.fail(
            f"no Chromium at {executable}: run scripts/chromium.sh, or `make test-e2e`, which does",
            pytrace=False,
        )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=executable, headless=True, args=CHROMIUM_ARGUMENTS
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page without cookies. The test fails when its scripts do or when it asks another machine."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PAGE_MILLISECONDS)
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("pageerror", lambda error: complaints.append(f"a script failed: {error}"))
    tab.on("request", lambda sent: complaints.extend(_find_outside(sent.url)))
    yield tab
    if request.node.stash.get(FAILED, False) or complaints:
        _take_screenshot(tab, request.node.name)
    context.close()
    assert not complaints


def _find_outside(url: str) -> list[str]:
    host = urlsplit(url).hostname or ""
    return [] if host in LOCAL_HOSTS else [f"the page asked {host} for {url}"]


def _take_screenshot(tab: Page, test_name: str) -> None:
    folder = Path(os.environ.get("SCREENSHOTS", Path(tempfile.gettempdir()) / "mageferry-screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{test_name.replace('/', '_')}.png"
    tab.screenshot(path=path, full_page=True)
    sys.stdout.write(f"screenshot of {tab.url}: {path}\n")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tells the fixtures at their end whether the test failed."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report
