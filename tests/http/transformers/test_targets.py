"""Where in an entity a value is put."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mageferry.http.transformers import Target, TargetError


@pytest.mark.parametrize(
    ("target", "entity", "after"),
    [
        ("a", {}, {"a": 1}),
        ("a.b.c", {"a": {"x": 0}}, {"a": {"x": 0, "b": {"c": 1}}}),
        ("items[0].sku", {}, {"items": [{"sku": 1}]}),
        ("items.1.sku", {"items": [{"sku": 0}]}, {"items": [{"sku": 0}, {"sku": 1}]}),
        ("items[]", {"items": [0]}, {"items": [0, 1]}),
        ("[0]", [5], [1]),
        ('"odd name".x', {}, {"odd name": {"x": 1}}),
        ("a.b", {"a": None}, {"a": {"b": 1}}),
        ("@", {"a": 2}, 1),
        ("x-y", {}, {"x-y": 1}),
    ],
)
def test_a_value_is_put_and_the_way_to_it_made(target: str, entity: Any, after: Any) -> None:
    assert Target.parse(target).put(entity, 1) == after


@pytest.mark.parametrize(
    ("target", "entity", "text"),
    [
        ("a.b", {"a": "CANARY"}, "a is no object"),
        ("a[0]", {"a": {"x": 1}}, "a is no list"),
        ("a[2]", {"a": [1]}, "a has 1 elements"),
        ("a", "CANARY", "the entity is no object"),
        ("a.b[999999]", {}, "a.b has 0 elements"),
    ],
)
def test_what_is_in_the_way_is_told_without_its_value(target: str, entity: Any, text: str) -> None:
    with pytest.raises(TargetError) as caught:
        Target.parse(target).put(entity, 1)
    assert text in str(caught.value)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "a..b", ".a", "a b", "a[x]", "a[", "a[1", 'a"b"', "a.", "a[0]b", "[*]", "a[-1]"]
)
def test_what_is_no_target_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="write items"):
        Target.parse(text)


@given(
    st.text(alphabet='a0.[]"@-\\ ', max_size=12), st.sampled_from([{}, [], {"a": [1, {"a": 2}]}, "x", None])
)
def test_any_text_is_a_target_or_none(text: str, entity: Any) -> None:
    try:
        target = Target.parse(text)
    except ValueError:
        target = Target.parse("a")
    try:
        after = target.put(entity, "new")
    except TargetError:
        return
    assert "new" in str(after)
