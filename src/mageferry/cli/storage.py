"""mageferry storage: entries of storages, by their keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from mageferry.cli.hub import prepare, screen, stop

if TYPE_CHECKING:
    from mageferry.hub.routes.models import Storage

app = typer.Typer(help="Storages: values by their keys, for routes.", no_args_is_help=True)
Code = Annotated[str, typer.Argument(metavar="STORAGE", help="Code of the storage.")]
Key = Annotated[str, typer.Argument(help="Key of the entry.")]


@app.command("list")
def list_storages() -> None:
    """The storages, and how many entries each has."""
    prepare()
    from mageferry.hub.routes.models import Storage
    from mageferry.hub.routes.storages import live_entries

    table = Table("Storage", "Name", "Lifetime (seconds)", "Entries", box=SIMPLE)
    for each in Storage.objects.all():
        lifetime = str(each.lifetime_seconds) if each.lifetime_seconds is not None else "for ever"
        table.add_row(each.code, escape(each.name), lifetime, str(live_entries(each).count()))
    screen().print(table)


@app.command("find")
def find(
    code: Code,
    text: Annotated[str, typer.Argument(help="Part of the key; all entries without it.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
) -> None:
    """The entries of a storage, by key."""
    prepare()
    from mageferry.hub.routes.storages import find_entries

    for entry in find_entries(_storage(code), text, limit):
        until = f" (until {entry.expires_at:%Y-%m-%d %H:%M:%S} UTC)" if entry.expires_at else ""
        value = json.dumps(entry.value, ensure_ascii=False)
        screen().print(f"{entry.key}{until}: {value}", markup=False, highlight=False, soft_wrap=True)


@app.command("get")
def get(code: Code, key: Key) -> None:
    """The value of one entry as JSON. Exit code 1 when there is none."""
    prepare()
    from mageferry.hub.routes.storages import live_entries

    entry = live_entries(_storage(code)).filter(key=key).first()
    if entry is None:
        return stop(screen(), f"There is nothing under {key!r}.")
    screen().print(
        json.dumps(entry.value, indent=2, ensure_ascii=False), markup=False, highlight=False, soft_wrap=True
    )
    return None


@app.command("put")
def put(
    code: Code,
    key: Key,
    value: Annotated[str, typer.Argument(help='JSON, such as {"rate": 19} or "text".')],
    lifetime: Annotated[
        int | None, typer.Option(min=1, help="In seconds; that of the storage if not given.")
    ] = None,
) -> None:
    """Store a value, in place of what is there."""
    prepare()
    from mageferry.hub.routes.plain import plain
    from mageferry.hub.routes.storages import put_value

    try:
        put_value(_storage(code), key, plain(json.loads(value)), lifetime)
    except json.JSONDecodeError as error:
        return stop(screen(), f"The value isn't JSON: {error}.")
    except ValueError as error:
        return stop(screen(), f"It can't be stored: {error}.")
    screen().print("It is stored.")
    return None


@app.command("remove")
def remove(code: Code, key: Key) -> None:
    """Take an entry away. Exit code 1 when there is none."""
    prepare()
    from mageferry.hub.routes.storages import remove_value

    if not remove_value(_storage(code), key):
        return stop(screen(), f"There is nothing under {key!r}.")
    screen().print("It is removed.")
    return None


def _storage(code: str) -> Storage:
    from mageferry.hub.routes.storages import storage_named

    try:
        return storage_named(code)
    except LookupError as error:
        text = str(error.args[0])
        stop(screen(), f"{text[:1].upper()}{text[1:]}.")
        raise
