"""Fields that take an expression or an encoded text, not a template of any kind."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mageferry.http import Secret
from mageferry.http.json_text import json_bytes
from mageferry.http.placeholders import EncodedText, Expression, Kind, Scope, TemplateError, as_text

DATA = {"id": 15, "zero": 0, "items": [{"sku": "A"}], "none": None, "empty": []}
SCOPE = Scope(DATA, context={"globals": {"key": Secret("CANARY")}})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("id", 15),
        (" items.0.sku ", "A"),
        ("items[?sku=='}'].sku", []),
        ("nothing.here", None),
        ("&{id}", 15),
        ("&{nothing}", None),
        ("?{none}", None),
        ("&{id}-x", "15-x"),
        ("@{globals.key}", Secret("CANARY")),
    ],
)
def test_an_expression_is_jmespath_or_a_template(text: str, value: Any) -> None:
    assert Expression.parse(text).search(SCOPE) == value


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("id", True),
        ("zero", True),
        ("none", False),
        ("empty", False),
        ("!(items[0].x)", True),
        ("id != zero", True),
    ],
)
def test_what_is_true_is_as_in_jmespath(text: str, holds: bool) -> None:
    assert Expression.parse(text).holds(SCOPE) is holds


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("a b", 2, "not expected"),
        ("a}", 0, "never opened"),
        ("a[", 2, "too early"),
        ("x && !a.b", 5, "never finds"),
        ("&{a b}", 4, "not expected"),
    ],
)
def test_what_does_not_parse_is_named_with_its_place(text: str, position: int, says: str) -> None:
    with pytest.raises(TemplateError, match=says) as caught:
        Expression.parse(text, "when")
    assert (caught.value.path, caught.value.position) == ("when", position)
    assert caught.value.remedy


@pytest.mark.parametrize("text", ["'!a.b' == x", 'a == `"!a.b"`', "!(a.b)", "a != b.c", "!a || b.c"])
def test_only_the_trap_is_refused(text: str) -> None:
    Expression.parse(text)


# jmespath warns of `` and the like, which it still takes.
@pytest.mark.filterwarnings("ignore:deprecated string literal")
@given(st.text(alphabet="ab.!&|[]{}'\"`()@?$ 0", max_size=16))
def test_any_text_is_an_expression_or_not(text: str) -> None:
    position = 0
    try:
        Expression.parse(text).search(SCOPE)
    except TemplateError as error:
        position = error.position
    assert 0 <= position <= len(text)


def test_each_value_is_encoded_before_it_is_put_in() -> None:
    template = EncodedText.parse("<&{id}|&{items[0].sku}>", lambda value, kind: f"({value})", "path")
    assert template.fill(SCOPE) == "<(15)|(A)>"
    secret = EncodedText.parse("k=@{globals.key}", lambda value, kind: value.lower()).fill(SCOPE)
    assert secret == Secret("k=canary")


def test_a_value_that_cannot_be_encoded_is_named_with_its_place() -> None:
    def refuse(value: str, kind: Kind) -> str:
        raise ValueError("it has a blank")

    with pytest.raises(TemplateError, match=r"&\{id\} cannot be put in: it has a blank") as caught:
        EncodedText.parse("/x/&{id}", refuse, "path").fill(SCOPE)
    assert (caught.value.path, caught.value.position) == ("path", 3)
    with pytest.raises(TemplateError) as missing:
        EncodedText.parse("/x/&{nothing}", refuse, "path").fill(SCOPE)
    assert (missing.value.path, missing.value.position) == ("path", 3)


def test_decimals_are_written_to_the_last_digit() -> None:
    assert json_bytes({"total": Decimal("12.10"), "many": Decimal("12345678901234567890.05")}) == (
        b'{"total":12.10,"many":12345678901234567890.05}'
    )
    assert as_text(Decimal("12.10")) == "12.10"
    assert json_bytes(Decimal("1E+999999")) == b"1E+999999"


@pytest.mark.parametrize("value", [Secret("CANARY"), Decimal("Infinity"), object(), 2**70])
def test_what_json_has_no_form_for_is_refused(value: Any) -> None:
    with pytest.raises(TypeError) as caught:
        json_bytes([value])
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"), [("@", 7), ("@[0]", 7), ("[0]", 7), ("length(@)", 1), ("a", None), ("@ || 'x'", 7)]
)
def test_a_bare_scalar_is_found_as_itself_and_as_a_list_of_one(text: str, value: Any) -> None:
    assert Expression.parse(text).search(Scope(7)) == value


def test_an_expression_that_fails_is_called_by_its_own_text() -> None:
    with pytest.raises(TemplateError, match=r"'to_number\(id, id\)' cannot be evaluated") as caught:
        Expression.parse("to_number(id, id)", "answer.id").search(SCOPE)
    assert caught.value.path == "answer.id"
