"""What an operator can set from outside: environment variables, all named ``MAGEFERRY_...``.

Declared once here; the settings module reads them, `docs/reference/settings.md` lists them.
"""

from __future__ import annotations

import ipaddress
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_data_path
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mageferry.http.redaction import Secret


class ConfigurationProblem(Exception):
    """An environment variable holds something that can't be used; the text says which and why."""


def default_home() -> Path:
    """The user's own data directory; of a source checkout its var/hub, so that two checkouts don't share a hub."""
    root = Path(__file__).resolve().parents[3]
    if (root / "pyproject.toml").is_file() and (root / "src" / "mageferry").is_dir():
        return root / "var" / "hub"
    return user_data_path("mageferry")


class Configuration(BaseSettings):
    """The hub's environment variables, checked when the process starts."""

    model_config = SettingsConfigDict(env_prefix="MAGEFERRY_", frozen=True, arbitrary_types_allowed=True)

    home: Path = Field(
        default_factory=default_home,
        description="Directory of the hub's own files: the SQLite database and the key files. By default the user's "
        "data directory; in a source checkout its var/hub.",
    )
    database_url: str = Field(
        default="",
        description="Database, as `postgresql://user:password@host:5432/name` or `sqlite:////path/to/file`. "
        "Empty: a SQLite file in the home directory.",
    )
    encryption_keys: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Fernet keys for the secrets in the database, separated by commas; the first encrypts, all "
        "decrypt, so a key is rotated by putting a new one in front. Empty: a key file in the home "
        "directory (mode 600), made at the first start.",
        repr=False,
    )
    secret_key: str = Field(
        default="",
        description="Key that signs sessions. Empty: a key file in the home directory, made at the first start.",
        repr=False,
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("localhost", "127.0.0.1", "[::1]"),
        description="Host names under which the hub is served, separated by commas.",
    )
    https: bool = Field(
        default=False,
        description="The hub is reached over HTTPS (a proxy ends TLS): secure cookies and HSTS are switched on.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severe level that is logged."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="Log lines for people (`text`) or for a collector (`json`)."
    )
    time_zone: str = Field(default="UTC", description="Time zone in which pages show moments.")
    worker_threads: int = Field(
        default=4, ge=1, le=64, description="Units of work that one process works on at the same time."
    )
    lease_seconds: int = Field(
        default=120,
        ge=2,
        le=3600,
        description="How long a worker may be silent before its units go to another one.",
    )
    grace_seconds: int = Field(
        default=30,
        ge=0,
        le=3600,
        description="How long running units may go on after SIGTERM before they are left to another worker.",
    )
    broker_url: str = Field(
        default="",
        description="Broker that wakes workers up on other machines, as `amqp://user:password@host:5672/` "
        "(RabbitMQ) or `redis://host:6379/0`. Empty: threads; each process looks into the database by itself. "
        "A broker takes a PostgreSQL database.",
        repr=False,
    )
    metrics_token: str = Field(
        default="",
        description="Bearer token with which Prometheus reads `/metrics` of the web process. Empty: signed-in "
        "staff only.",
        repr=False,
    )
    traces_url: str = Field(
        default="",
        description="OpenTelemetry collector, as `http://host:4318/v1/traces`. Empty: no traces.",
    )
    keep_days: int = Field(
        default=90, ge=1, description="Finished units of work and runs are removed after this many days."
    )
    keep_units: int = Field(
        default=1_000_000, ge=1000, description="At most about this many units of work are kept."
    )

    outbound_networks: Annotated[tuple[str, ...] | None, NoDecode] = Field(
        default=None,
        description="Networks beyond the public ones that shops and HTTP clients may be in, separated by commas, "
        "such as `10.20.0.0/16`; `any` for all, `none` for no other. Not set: this machine itself while "
        "`MAGEFERRY_HTTPS` is off, none when it is on.",
    )
    outbound_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Host names that shops and HTTP clients may be at wherever they lead, separated by commas.",
    )
    drop_directory: Path | None = Field(
        default=None,
        description="Directory below which incomings of the type Files look for what is dropped. Not set: `drop` in "
        "the home directory.",
    )
    template_variables: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Environment variables that `${NAME}` in HTTP clients may name, separated by commas.",
    )

    @field_validator("outbound_networks", mode="after")
    @classmethod
    def _known_networks(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for text in value or ():
            if text not in ("any", "none"):
                try:
                    ipaddress.ip_network(text)
                except ValueError:
                    raise ValueError("write networks as 10.20.0.0/16, or any, or none") from None
        return value

    @field_validator("broker_url")
    @classmethod
    def _known_broker(cls, value: str) -> str:
        if value and not value.startswith(("amqp://", "amqps://", "redis://", "rediss://")):
            raise ValueError("write it as amqp://user:password@host:5672/ or redis://host:6379/0")
        return value

    @field_validator("traces_url")
    @classmethod
    def _http_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("write it as http://host:4318/v1/traces")
        return value

    @field_validator(
        "encryption_keys",
        "allowed_hosts",
        "outbound_networks",
        "outbound_hosts",
        "template_variables",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @property
    def fernet_keys(self) -> tuple[Secret, ...]:
        """The encryption keys as secrets."""
        return tuple(Secret(key) for key in self.encryption_keys)


@cache
def configuration() -> Configuration:
    """The process's configuration, read once.

    Raises ConfigurationProblem naming every variable that can't be used.
    """
    try:
        chosen = Configuration()
    except ValidationError as error:
        lines = [
            f"MAGEFERRY_{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise ConfigurationProblem("\n".join(lines)) from None
    if not (chosen.database_url and chosen.encryption_keys and chosen.secret_key):
        _make_home(chosen.home)
    return chosen


def _make_home(home: Path) -> None:
    """The home directory holds keys and customers' data: for its owner only."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationProblem(
            f"MAGEFERRY_HOME: the directory {home} can't be made ({error.strerror}). Name one that can be written."
        ) from None
