"""Descriptions: what is wrong with them, what a form and the documentation are told, and types of one's own."""

from typing import Any

import pytest

from mageferry.http import Secret
from mageferry.http.config import ConfigError, form_fields
from mageferry.http.config.fields import needed
from mageferry.http.transformers import (
    TRANSFORMERS,
    Catalogue,
    Place,
    Step,
    StoredTest,
    TransformerDescription,
    Transformers,
    differences,
    json_schema,
    judge,
    markdown,
)
from tests.http.publisher.remote import Remote


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        ({}, "transformers: must be a list"),
        ([1], "transformers[0]: must be an object"),
        ([{"target": "a"}], "transformers[0].type: the type is missing"),
        ([{"type": ["set"]}], "transformers[0].type: there is no such type"),
        ([{"type": "set", "target": "a b", "value": 1}], "transformers[0].target: character 2 does not fit"),
        (
            [{"type": "set", "target": "a", "value": "&{"}],
            "transformers[0].value: the placeholder &{ is never",
        ),
        ([{"type": "filter", "keep": ""}], "transformers[0].keep: is empty"),
        ([{"type": "filter", "keep": "!a.b"}], "transformers[0].keep: !a. is read as (!a)."),
        ([{"type": "remove", "targets": ["a", ".."]}], "transformers[0].targets[1]: character 1"),
        ([{"type": "format_date", "source": "a", "target": "a", "read": ["%d.%m."]}], "needs its year"),
        ([{"type": "format_date", "source": "a", "target": "a", "read": ["%Y %Q"]}], "%Q is none of"),
        ([{"type": "format_date", "source": "a", "target": "a", "read_zone": "Mars"}], "no such time zone"),
        (
            [{"type": "format_number", "source": "a", "target": "a", "digits": 99}],
            "[0].digits: input should be",
        ),
        ([{"type": "fail", "message": "x", "why": 1}], "transformers[0].why: there is no such option"),
    ],
)
def test_what_is_wrong_is_told_with_its_field(listed: Any, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Transformers.parse(listed)
    (problem,) = caught.value.problems
    assert told in str(problem)
    assert problem.remedy


def test_everything_that_is_wrong_is_told_at_once_also_within() -> None:
    nested = {"type": "conditional", "when": "a[", "then": [{"type": "set", "target": "a"}, {"type": "x"}]}
    with pytest.raises(ConfigError) as caught:
        Transformers.parse(
            [{"type": "copy", "target": "b"}, nested, {"type": "for_each", "transformers": []}]
        )
    assert [problem.path for problem in caught.value.problems] == [
        "transformers[0].source",
        "transformers[1].when",
        "transformers[1].then[0].value",
        "transformers[1].then[1].type",
        "transformers[2].source",
        "transformers[2].target",
        "transformers[2].transformers",
    ]


def test_forms_and_documentation_know_every_option() -> None:
    schema, page = json_schema(), markdown()
    for kind in TRANSFORMERS:
        definition = schema["$defs"][kind.__name__]
        assert definition["properties"]["type"] == {"const": kind.type_name}
        assert f"## `{kind.type_name}`: {kind.title}" in page
        for field in form_fields(kind):
            assert field.title
            assert field.name.split(".")[0] in definition["properties"]
            assert f"| `{field.name}` |" in page
    assert schema["$defs"]["Conditional"]["properties"]["then"]["$ref"] == "#/$defs/transformers"


class Upper(TransformerDescription):
    type_name = "upper"
    title = "In capitals"
    field: str = needed("Field")

    def build(self, place: Place) -> Step:
        return place.each(lambda entity, run: {**entity, self.field: str(entity[self.field]).upper()})


def test_types_of_ones_own_can_be_added_and_nested() -> None:
    listed = [{"type": "conditional", "when": "a", "then": [{"type": "upper", "field": "a"}]}]
    assert Transformers.parse(listed, catalogue=Catalogue().plus(Upper)).run_pure([{"a": "x"}]).data == [
        {"a": "X"}
    ]
    with pytest.raises(ConfigError):
        Transformers.parse(listed)


def test_a_stored_test_says_what_differs() -> None:
    transformers = Transformers.parse([{"type": "format_number", "source": "qty", "target": "qty"}])
    entities = [{"qty": "2"}, {"qty": "x"}, {"qty": "3", "tag": "a"}]
    good = StoredTest("numbers", entities, [{"qty": 2.0}, {"qty": 3, "tag": "a"}], frozenset({1}))
    assert str(Remote().run(judge(good, transformers))) == "numbers: passed"
    bad = StoredTest("numbers", entities, [{"qty": 1}, {"qty": 3, "name": "b"}, {}], frozenset({0}))
    verdict = Remote().run(judge(bad, transformers))
    assert not verdict.passed
    assert verdict.differences == (
        "$[0].qty: expected 1, is 2",
        '$[1].name: expected "b", is missing',
        '$[1].tag: not expected, is "a"',
        "$[2]: expected {}, is missing",
        "entity 2 failed in transformers[0].source: 'x' is no number as it is read here",
        "entity 1 should fail",
    )


@pytest.mark.parametrize(
    ("expected", "actual", "lines"),
    [
        (1, 1.0, []),
        (True, 1, ["$: expected true, is 1"]),
        ("1", 1, ['$: expected "1", is 1']),
        (None, {}, ["$: expected null, is {}"]),
        ([1, 2], [1], ["$[1]: expected 2, is missing"]),
        ({}, {"k": [Secret("CANARY")]}, ['$.k: not expected, is ["********"]']),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, ["$.a[0].b: expected 1, is 2"]),
    ],
)
def test_differences_name_the_place(expected: Any, actual: Any, lines: list[str]) -> None:
    assert list(differences(expected, actual)) == lines
