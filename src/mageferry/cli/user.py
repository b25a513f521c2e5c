"""mageferry user: who may sign in, and tokens for programs."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mageferry.cli.hub import prepare, screen, stop

if TYPE_CHECKING:
    from django.contrib.auth.models import User

app = typer.Typer(help="Users: who may sign in to the hub's pages.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The user's name.")]


@app.command("list")
def list_users() -> None:
    """The users there are."""
    prepare()
    from django.contrib.auth.models import User

    table = Table("Name", "E-mail", "May do", "Active", "Last sign-in (UTC)")
    for user in User.objects.order_by("username"):
        may = "everything" if user.is_superuser else "as permitted" if user.is_staff else "no pages"
        last = f"{user.last_login:%Y-%m-%d %H:%M:%S}" if user.last_login else "never"
        table.add_row(user.username, user.email, may, "yes" if user.is_active else "no", last)
    screen().print(table)


@app.command("add")
def add(
    name: Name,
    email: Annotated[str, typer.Option(help="The user's e-mail address.")] = "",
    administrator: Annotated[
        bool, typer.Option(help="May do everything; without, as permitted on the pages.")
    ] = True,
) -> None:
    """Make a user with a random password, printed once."""
    prepare()
    from django.contrib.auth.models import User
    from django.core.exceptions import ValidationError

    password = secrets.token_urlsafe(12)
    user = User(username=name, email=email, is_staff=True, is_superuser=administrator)
    user.set_password(password)
    try:
        user.full_clean()
    except ValidationError as error:
        return stop(screen(), " ".join(error.messages))
    user.save()
    _tell_password(user, password)
    return None


@app.command("password")
def new_password(name: Name) -> None:
    """Give a user a new random password, printed once; the old one and open sessions count no more."""
    prepare()
    user, password = _one(name), secrets.token_urlsafe(12)
    user.set_password(password)
    user.save(update_fields=["password"])
    _tell_password(user, password)


@app.command("token")
def token(
    name: Name,
    purpose: Annotated[str, typer.Argument(metavar="PURPOSE", help="What it is for, e.g. reporting.")],
) -> None:
    """Make an API token that acts as the user, printed once."""
    prepare()
    from mageferry.hub.security.models import ApiToken

    if ApiToken.objects.filter(name=purpose).exists():
        return stop(
            screen(),
            f"There is a token {purpose!r} already. Choose another name, or delete it under API tokens.",
        )
    _, text = ApiToken.issue(_one(name).pk, purpose)
    screen().print(f"Authorization: Bearer {text.reveal()}", markup=False, highlight=False, soft_wrap=True)
    return None


def _one(name: str) -> User:
    from django.contrib.auth.models import User

    user = User.objects.filter(username=name).first()
    if user is None:
        known = ", ".join(User.objects.order_by("username").values_list("username", flat=True)) or "none yet"
        stop(screen(), f"There is no user {name!r}. The users are: {known}.")
        raise LookupError(name)
    return user


def _tell_password(user: User, password: str) -> None:
    screen().print(
        f"Sign in as {user.username} with the password {password} (shown this once).",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
