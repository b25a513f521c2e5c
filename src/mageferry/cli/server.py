"""mageferry up, migrate, make-key: setting the hub up and running it."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from types import FrameType
from typing import Annotated

import typer

from mageferry.cli.hub import prepare, screen, stop

log = logging.getLogger(__name__)


def migrate() -> None:
    """Create or update the tables of the hub's database."""
    prepare()
    from mageferry.hub.setup import migrate_database

    applied = migrate_database()
    screen().print(
        f"{applied} migrations applied." if applied else "The database is up to date.", highlight=False
    )


def make_key() -> None:
    """Print a new encryption key for MAGEFERRY_ENCRYPTION_KEYS (put it in front of the old one to rotate)."""
    from cryptography.fernet import Fernet

    typer.echo(Fernet.generate_key().decode("ascii"))


def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8000,
    demo_shops: Annotated[
        bool, typer.Option("--demo-shops", help="Also start the demo's sandbox shops, if it ran here.")
    ] = False,
) -> None:
    """Run the hub in one process: web and worker. The first start creates the sign-in and prints it once."""
    prepare()
    from waitress.server import create_server

    from mageferry.hub.configuration import configuration
    from mageferry.hub.demo.shops import demo_shops_running
    from mageferry.hub.setup import ensure_sign_in, migrate_database
    from mageferry.hub.work.dispatch import Worker
    from mageferry.hub.wsgi import application

    console = screen()
    migrate_database()
    sign_in = ensure_sign_in()
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        return stop(
            console, f"Can't listen on {host}:{port}: {error.strerror}. Choose another one with --port."
        )
    server = create_server(
        application, sockets=[listener], threads=8, ident=None, clear_untrusted_proxy_headers=True
    )
    worker = Worker(threads=configuration().worker_threads)
    web = threading.Thread(target=server.run, name="web", daemon=True)

    def end(number: int, frame: FrameType | None) -> None:
        worker.stop()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    web.start()
    console.print(f"Mageferry is up: http://{host}:{listener.getsockname()[1]}/", highlight=False)
    if sign_in is not None:
        console.print(
            f"Sign in as {sign_in.username} with the password {sign_in.password.reveal()} (shown this once; "
            "change it under Users).",
            highlight=False,
            markup=False,
        )
    with demo_shops_running(console.print) if demo_shops else threading.Lock():
        worker.run()
    server.close()
    console.print("Stopped. What was running is finished, nothing is lost.", highlight=False)
    return None
