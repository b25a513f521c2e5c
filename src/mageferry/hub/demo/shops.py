"""The demo's two sandbox shops: separate processes whose content stays on disk between starts."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx2

from mageferry.http.redaction import Secret
from mageferry.hub.configuration import configuration
from mageferry.hub.security.encryption import decrypt, encrypt

START_SECONDS = 30.0


class ShopDidNotStart(Exception):
    """A sandbox shop of the demo didn't come up."""


@dataclass(frozen=True, slots=True)
class DemoShop:
    """One sandbox shop: what it plays, where it listens, its admin user."""

    role: str
    port: int
    username: str
    sealed_password: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def password(self) -> Secret:
        return decrypt(self.sealed_password)

    @property
    def state(self) -> Path:
        return configuration().home / f"demo-{self.role}.sqlite3"


def demo_shops() -> list[DemoShop]:
    """The shops of an earlier demo run in this home directory, none when there was none."""
    path = _register()
    if not path.exists():
        return []
    return [DemoShop(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]


def plan_shops() -> list[DemoShop]:
    """The demo's shops: the ones of an earlier run, or new ones on free ports with passwords of their own."""
    shops = demo_shops()
    if not shops:
        shops = [
            DemoShop(role, _free_port(), "integration", encrypt(Secret(secrets.token_urlsafe(12))))
            for role in ("storefront", "back-office")
        ]
        path = _register()
        path.write_text(json.dumps([asdict(shop) for shop in shops], indent=1), encoding="utf-8")
    return shops


def _register() -> Path:
    return configuration().home / "demo-shops.json"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(shops: list[DemoShop]) -> Iterator[None]:
    """Run the shops while the block runs. Raises ShopDidNotStart."""
    with ExitStack() as stack:
        for shop in shops:
            stack.enter_context(_running(shop))
        for shop in shops:
            _wait_until_answering(shop)
        yield


@contextmanager
def _running(shop: DemoShop) -> Iterator[None]:
    command = [
        sys.executable, "-m", "mageferry", "sandbox", "--demo", shop.role, "--port", str(shop.port),
        "--state", str(shop.state), "--username", shop.username,
    ]  # fmt: skip
    log = configuration().home / f"demo-{shop.role}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, "MAGEFERRY_SANDBOX_PASSWORD": shop.password.reveal()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_answering(shop: DemoShop) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if (
                httpx2.get(f"{shop.url}/rest/V1/store/storeViews", timeout=2, trust_env=False).status_code
                == 401
            ):
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise ShopDidNotStart(
        f"The sandbox shop {shop.role} did not answer on port {shop.port}. "
        f"Its log is {configuration().home / f'demo-{shop.role}.log'}. If another program uses the port, delete "
        f"{_register()} and run the demo again."
    )


@contextmanager
def demo_shops_running(say: Callable[[str], None]) -> Iterator[None]:
    """For `up`: the shops of an earlier demo run, if there was one."""
    shops = demo_shops()
    if not shops:
        yield
        return
    with running(shops):
        say(f"Demo shops are running: {', '.join(f'{shop.role} {shop.url}' for shop in shops)}")
        yield
