"""What every body that the API takes is checked for."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from ninja import Field, Schema
from pydantic import ConfigDict, StringConstraints, field_validator

Quantity = Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=4)]
Trimmed = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]


class Incoming(Schema):
    """What is taken from outside: unknown fields are refused, so that a misspelt one isn't left out without a word."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_nul(cls, value: object) -> object:
        # PostgreSQL stores no text with it.
        if isinstance(value, str) and "\x00" in value:
            raise ValueError("holds a NUL character")
        return value
