from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mageferry.http import Secret
from mageferry.http.placeholders import (
    MissingValue,
    Scope,
    Template,
    TemplateError,
    literal,
    parse_text,
    reveal,
)

ORDER = {
    "increment_id": "000000015",
    "total": 12.5,
    "paid": True,
    "note": None,
    "products": [{"sku": "A/1", "qty": 2}, {"sku": "B}", "qty": 0}],
    "odd name": "x",
}


def filled(template: Any, data: Any = ORDER, **scope: Any) -> Any:
    return Template.parse(template).fill(Scope(data, **scope))


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("&{total}", 12.5),
        ("&{paid}", True),
        ("&{products[1].qty}", 0),
        ("&{products}", ORDER["products"]),
        ("&{products[].sku}", ["A/1", "B}"]),
        ("&{products.0.sku}", "A/1"),
        ("&{products.1.qty}", 0),
        ("&{products[?sku=='B}'] | [0].qty}", 0),
        ('&{"odd name"}', "x"),
        (
            "&{{id: increment_id, lines: {first: products.0.sku}}}",
            {"id": "000000015", "lines": {"first": "A/1"}},
        ),
        ("&{missing || 'none'}", "none"),
        ("&{missing || `7`}", 7),
        ("&{ '.0.1' }", ".0.1"),
        ("?{missing}", None),
        ("?{note}", None),
        ("?{total}", 12.5),
    ],
)
def test_a_field_that_is_one_placeholder_keeps_the_type(template: str, value: Any) -> None:
    assert filled(template) == value


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("order &{increment_id}!", "order 000000015!"),
        ("&{total}&{paid}", "12.5true"),
        ("[?{note}]", "[]"),
        ("lines: &{products[0]}", 'lines: {"sku":"A/1","qty":2}'),
        (" &{total}", " 12.5"),
        ("no placeholder { } & $ ? @", "no placeholder { } & $ ? @"),
        (r"\&{total} \?{a} \${b} \@{c}", "&{total} ?{a} ${b} @{c}"),
        (r"\\&{total}", r"\12.5"),
        (r"C:\temp\x", r"C:\temp\x"),
        ("", ""),
    ],
)
def test_within_other_text_a_value_becomes_text(template: str, text: str) -> None:
    assert filled(template) == text


def test_objects_arrays_and_names_are_walked() -> None:
    template = {"&{products.0.sku}": ["&{total}", {"x": "?{note}"}, 3, None, True], "fixed": "a &{total}"}
    assert filled(template) == {"A/1": [12.5, {"x": None}, 3, None, True], "fixed": "a 12.5"}


@pytest.mark.parametrize("answer", ["token", 7, True])
def test_a_bare_scalar_is_a_list_of_one(answer: Any) -> None:
    assert filled("&{@[0]}", answer) == answer
    assert filled("Bearer &{@[0]}", "tok") == "Bearer tok"


def test_the_context_and_allowed_variables_are_at_hand() -> None:
    context = {"globals": {"region": "eu"}, "scope": {"task": 15}}
    assert filled("@{globals.region}-${STAGE}", environment={"STAGE": "test"}, context=context) == "eu-test"
    assert filled("@{scope.task}", context=context) == 15
    assert filled("@{globals.missing || 'us'}", context=context) == "us"


def test_variables_are_not_taken_from_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVATE_KEY", "CANARY")
    with pytest.raises(MissingValue):
        filled("${PRIVATE_KEY}")


def test_what_a_secret_becomes_part_of_is_a_secret() -> None:
    context = {"globals": {"key": Secret("CANARY")}}
    assert filled("@{globals.key}", context=context) == Secret("CANARY")
    joined = filled({"h": ["Key @{globals.key}"]}, context=context)
    assert "CANARY" not in f"{joined}{Scope(context)!r}"
    assert reveal(joined) == {"h": ["Key CANARY"]}


@pytest.mark.parametrize("template", ["&{missing}", "a &{note}", "@{globals.x}", "${NO_SUCH}"])
def test_a_missing_value_is_an_error_that_names_the_field(template: str) -> None:
    with pytest.raises(MissingValue, match=r"finds nothing \(field \$\.a\[1\]") as caught:
        filled({"a": ["x", template]})
    assert caught.value.path == "$.a[1]"
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("template", "position", "text"),
    [
        ("a &{b", 2, "never closed"),
        ("&{'b}", 2, "opened and never closed"),
        ("&{}", 0, "empty"),
        ("${a-b}", 2, "environment variable"),
        ("&{a b}", 4, "'b' is not expected"),
        ("xx &{a.0.b c}", 11, "'c' is not expected"),
        ("&{a.}", 4, "it cannot be read"),
        ("&{a..b}", 4, "'.' is not expected"),
        ("&{#}", 2, "no JMESPath"),
    ],
)
def test_what_does_not_parse_is_named_with_its_place(template: str, position: int, text: str) -> None:
    with pytest.raises(TemplateError, match=text) as caught:
        Template.parse({"f": template})
    assert (caught.value.path, caught.value.position) == ("$.f", position)


@pytest.mark.parametrize(
    "template", ["&{length(total)}", "&{no_such(@)}", "&{sum(products[].sku)}", "&{abs(a, b)}"]
)
def test_an_expression_that_fails_does_not_show_the_data(template: str) -> None:
    with pytest.raises(TemplateError) as caught:
        filled(template, {"total": 12345, "products": [{"sku": "CANARY"}]})
    assert "12345" not in str(caught.value)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("template", [{"a": 1, "&{x}": 2}, {"?{missing}": 1}, {"@{globals.key}": 1}])
def test_names_must_be_texts_of_their_own(template: dict[str, Any]) -> None:
    with pytest.raises(TemplateError, match="name of a field"):
        filled(template, {"x": "a"}, context={"globals": {"key": Secret("s")}})


def test_a_template_tells_what_it_takes() -> None:
    template = Template.parse({"a": "&{x}", "b": ["${Y} ?{z.0}"]})
    assert [str(placeholder) for placeholder in template.placeholders] == ["&{x}", "${Y}", "?{z.0}"]


values = st.recursive(
    st.booleans()
    | st.integers(-(2**50), 2**50)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_any_value_keeps_its_type(value: Any) -> None:
    kept = filled("&{v}", {"v": value})
    assert kept == value
    assert type(kept) is type(value)


@given(st.text(alphabet="&?$@{}\\'\"`a.0 ", max_size=20) | st.text())
def test_any_text_can_be_written_so_that_it_stays(text: str) -> None:
    assert filled(literal(text)) == text


@given(st.text(alphabet="&?$@{}\\'\"`a.0[]|(), ", max_size=24) | st.text())
def test_any_text_parses_or_says_where_it_does_not(text: str) -> None:
    try:
        parts, position = parse_text(text), 0
    except TemplateError as error:
        parts, position = (), error.position
    assert 0 <= position <= len(text)
    assert all(isinstance(part, str) or part.expression.strip() for part in parts)


_NAMES = st.sampled_from(["a", "b", "null", "_c1"])
_NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(data=_NESTED, names=st.lists(_NAMES, min_size=1, max_size=3))
def test_plain_names_find_what_jmespath_finds(data: Any, names: list[str]) -> None:
    expression = ".".join(names)
    walked = data if isinstance(data, dict | list) else [data]
    assert filled(f"?{{ {expression} }}", data) == jmespath.search(expression, walked)
