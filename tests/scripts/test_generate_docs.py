"""The generated pages say what the code declares."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from django.db import models
from django.test.utils import isolate_apps
from pydantic import BaseModel, Field

from generate_docs import find_stale, render_commands, render_settings, render_tables

COMMANDS = '''
from typing import Annotated
import typer

app = typer.Typer(help="Ferries parcels.")
boats = typer.Typer(help="Boats.")
app.add_typer(boats, name="boats")

@app.command()
def sail(knots: Annotated[int, typer.Option(help="Speed.", envvar="KNOTS")] = 7) -> None:
    """Leave the harbour."""

@boats.command()
def moor(name: Annotated[str, typer.Argument(help="Which boat.")]) -> None:
    """Tie a boat up."""
'''


def test_commands_and_their_groups_are_listed_with_options_defaults_and_variables(tmp_path: Path) -> None:
    (tmp_path / "harbour.py").write_text(COMMANDS)

    page = render_commands(str(tmp_path / "harbour.py"), "ferry")

    assert page.startswith("# Commands\n")
    assert "## `ferry sail`" in page
    assert "Speed.  [env var: KNOTS; default: 7]" in page
    assert "### `ferry boats moor`" in page


def test_settings_are_listed_with_prefix_default_and_meaning() -> None:
    class Harbour(BaseModel):
        berths: int = Field(default=4, description="Boats that | fit.")
        lit: bool = Field(default=False, description="Lights.")
        names: tuple[str, ...] = Field(default=("a", "b"), description="Names.")
        logbook: Path = Field(default_factory=Path.home, description="Directory of the log.")

    page = render_settings("FERRY_", Harbour.model_fields)

    assert "| `FERRY_BERTHS` | `4` | Boats that \\| fit. |" in page
    assert "| `FERRY_LIT` | `false` | Lights. |" in page
    assert "| `FERRY_NAMES` | `a,b` | Names. |" in page
    assert "| `FERRY_LOGBOOK` | see there | Directory of the log. |" in page


class SealedField(models.TextField):
    description = "sealed text"


@isolate_apps("django.contrib.contenttypes")
def test_tables_are_listed_with_columns_types_references_and_rules() -> None:
    class Boat(models.Model):
        """A boat that ferries parcels.

        Not in the page: details.
        """

        name = models.CharField(max_length=40, unique=True, help_text="Painted on its bow.")

        class Meta:
            app_label = "contenttypes"
            db_table = "boat"

    class Parcel(models.Model):
        boat = models.ForeignKey(Boat, models.CASCADE, null=True)
        weight = models.DecimalField(max_digits=12, decimal_places=4, default=Decimal(0))
        state = models.CharField(max_length=9, choices=[("new", "New"), ("sent", "Sent")])
        number = models.IntegerField()
        customs_code = SealedField()

        class Meta:
            app_label = "contenttypes"
            db_table = "parcel"
            constraints = (
                models.UniqueConstraint(fields=["boat", "number"], name="parcel_once"),
                models.CheckConstraint(condition=models.Q(weight__gte=0), name="weight_positive"),
            )

    page = render_tables([Parcel, Boat])

    assert page.index("## `boat`") < page.index("## `parcel`")
    assert "A boat that ferries parcels." in page
    assert "Not in the page" not in page
    assert "Parcel(id" not in page
    assert "| `name` | text, at most 40 |  | Painted on its bow. Unique. |" in page
    assert "| `boat_id` | refers to `boat` | yes |  |" in page
    assert "| `weight` | decimal (12 digits, 4 after the point) |  |  |" in page
    assert "| `state` | text, at most 9 |  | One of: `new`, `sent`. |" in page
    assert "| `customs_code` | sealed text |  |  |" in page
    assert "- unique: `boat`, `number`" in page
    assert "- checked: `weight_positive`" in page


def test_a_page_that_is_missing_or_says_something_else_is_stale(tmp_path: Path) -> None:
    (tmp_path / "same.md").write_text("same")
    (tmp_path / "old.md").write_text("old")

    assert find_stale({"same.md": "same", "old.md": "new", "missing.md": "x"}, tmp_path) == [
        "old.md",
        "missing.md",
    ]
