"""mageferry up, web, worker, scheduler, migrate, make-key: setting the hub up and running it."""

from __future__ import annotations

import socket
import threading
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mageferry.cli.hub import prepare, screen, stop

if TYPE_CHECKING:
    from waitress.server import BaseWSGIServer, MultiSocketServer

    type Server = MultiSocketServer | BaseWSGIServer

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
WEB_THREADS = 8
WebThreads = Annotated[int, typer.Option(min=1, max=128, help="Requests answered at the same time.")]
MetricsPort = Annotated[
    int | None,
    typer.Option(
        min=1, max=65535, help="Port of 127.0.0.1 on which Prometheus reads what this process counts."
    ),
]


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
    host: Host = "127.0.0.1",
    port: Port = 8000,
    demo_shops: Annotated[
        bool, typer.Option("--demo-shops", help="Also start the demo's sandbox shops, if it ran here.")
    ] = False,
) -> None:
    """Run the hub in one process: web, scheduler and worker. The first start creates the sign-in, printed once."""
    prepare()
    from mageferry.hub.demo.shops import demo_shops_running
    from mageferry.hub.setup import ensure_sign_in, migrate_database
    from mageferry.hub.work.processes import run_worker
    from mageferry.hub.work.scheduler import Scheduler

    console = screen()
    migrate_database()
    sign_in = ensure_sign_in()
    server, address = _listen(host, port)
    threading.Thread(target=server.run, name="web", daemon=True).start()
    scheduler = Scheduler()
    console.print(f"Mageferry is up: http://{address}/", highlight=False)
    if sign_in is not None:
        console.print(
            f"Sign in as {sign_in.username} with the password {sign_in.password.reveal()} (shown this once; "
            "change it under Users).",
            highlight=False,
            markup=False,
        )
    shops: AbstractContextManager[object] = demo_shops_running(console.print) if demo_shops else nullcontext()
    with shops:
        scheduler.start()
        run_worker()
        scheduler.stop()
    server.close()
    console.print("Stopped. What was running is finished, nothing is lost.", highlight=False)


def web(host: Host = "127.0.0.1", port: Port = 8000, threads: WebThreads = WEB_THREADS) -> None:
    """Run the pages and the API alone; `mageferry worker` and `mageferry scheduler` do the rest."""
    prepare()
    from mageferry.hub.work.processes import check_start, stopping
    from mageferry.hub.work.tracing import start_tracing

    check_start()
    start_tracing("mageferry-web")
    server, address = _listen(host, port, threads)
    ended = threading.Event()
    threading.Thread(target=server.run, name="web", daemon=True).start()
    screen().print(f"Mageferry's pages are up: http://{address}/", highlight=False)
    with stopping(ended.set):
        ended.wait()
    server.close()


def worker(
    threads: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Units at the same time; MAGEFERRY_WORKER_THREADS if not given."),
    ] = None,
    metrics_port: MetricsPort = None,
) -> None:
    """Run a worker alone; as many as you like, on as many machines. Ends by SIGTERM after what it is doing."""
    prepare()
    from mageferry.hub.work.processes import run_worker, serve_metrics

    serve_metrics(metrics_port)
    run_worker(threads=threads)


def scheduler(metrics_port: MetricsPort = None) -> None:
    """Run a scheduler alone; several may run. Ends by SIGTERM."""
    prepare()
    from mageferry.hub.work.processes import run_scheduler, serve_metrics

    serve_metrics(metrics_port)
    run_scheduler()


def _listen(host: str, port: int, threads: int = WEB_THREADS) -> tuple[Server, str]:
    """A web server on this address and where it can be reached; ends the command when the port is taken."""
    from waitress.server import create_server

    from mageferry.hub.configuration import configuration
    from mageferry.hub.wsgi import application

    # Only the scheme is believed, and only where a proxy is said to end TLS: without it Django would take every request
    # for HTTP and refuse the forms that come from an https:// page.
    proxy: dict[str, Any] = {}
    if configuration().https:
        proxy = {"trusted_proxy": "*", "trusted_proxy_headers": {"x-forwarded-proto"}}
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        stop(screen(), f"Can't listen on {host}:{port}: {error.strerror}. Choose another one with --port.")
        raise
    server = create_server(
        application,
        sockets=[listener],
        threads=threads,
        ident=None,
        clear_untrusted_proxy_headers=True,
        **proxy,
    )
    return server, f"{host}:{listener.getsockname()[1]}"
