"""What an operator can set from outside: environment variables, all named ``MAGEFERRY_...``.

Declared once here; the settings module reads them, `docs/reference/settings.md` lists them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_data_path
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mageferry.http.redaction import Secret


class ConfigurationProblem(Exception):
    """An environment variable holds something that can't be used; the text says which and why."""


class Configuration(BaseSettings):
    """The hub's environment variables, checked when the process starts."""

    model_config = SettingsConfigDict(env_prefix="MAGEFERRY_", frozen=True, arbitrary_types_allowed=True)

    home: Path = Field(
        default_factory=lambda: user_data_path("mageferry"),
        description="Directory of the hub's own files: the SQLite database and the key files.",
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
    time_zone: str = Field(default="UTC", description="Time zone in which pages show moments.")
    worker_threads: int = Field(
        default=4, ge=1, le=64, description="Units of work that one process works on at the same time."
    )

    @field_validator("encryption_keys", "allowed_hosts", mode="before")
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
        return Configuration()
    except ValidationError as error:
        lines = [
            f"MAGEFERRY_{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise ConfigurationProblem("\n".join(lines)) from None
