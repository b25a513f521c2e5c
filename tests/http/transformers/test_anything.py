"""Whatever the settings and the entities: a description is refused, or each entity comes out or fails."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mageferry.http import Next
from mageferry.http.config import ConfigError, FieldKind, form_fields
from mageferry.http.placeholders import Scope
from mageferry.http.transformers import TRANSFORMERS, Ports, TransformerDescription, Transformers
from tests.http.any_values import ANSWERS, CONTEXT, ENTITIES, EXPRESSIONS, SCALARS, TEMPLATES, TEXTS
from tests.http.publisher.remote import Remote

TARGETS = st.sampled_from(
    ["a", "a.b", "items[0]", "items[]", "items[0].a", "@", "id.x", "x y", '"odd name"', "a.0"]
)
SPECIAL: dict[str, st.SearchStrategy[Any]] = {
    "source": EXPRESSIONS | TARGETS,
    "target": TARGETS,
    "targets": st.lists(TARGETS, min_size=1, max_size=2),
    "value": TEMPLATES,
    "entity": TEMPLATES,
    "key": TEXTS,
    "message": TEXTS,
    "table": st.dictionaries(st.sampled_from(["1", "a", "true"]), ENTITIES, max_size=2),
    "default": ENTITIES,
    "read": st.lists(
        st.sampled_from(["iso", "timestamp", "timestamp_ms", "%Y-%m-%d", "%y%j", "%Y %b"]), min_size=1
    ),
    "write": st.sampled_from(["iso", "iso_utc", "date", "timestamp", "%Y %p", "text", "number"]),
    "read_zone": st.sampled_from(["UTC", "Europe/Berlin", "", "../x"]),
    "call.request.path": TEXTS,
}
for name in ("keep", "when", "by", "result"):
    SPECIAL[name] = EXPRESSIONS


@st.composite
def transformer(draw: st.DrawFn, kind: type[TransformerDescription], depth: int) -> dict[str, Any]:
    described: dict[str, Any] = {"type": kind.type_name}
    for field in form_fields(kind):
        if not field.required and draw(st.booleans()):
            continue
        outer, _, inner = field.name.partition(".")
        if outer in kind.nested:
            value: Any = draw(listed(depth + 1)) if depth < 2 else []
        elif field.name in SPECIAL:
            value = draw(SPECIAL[field.name])
        elif field.choices:
            value = draw(st.sampled_from(field.choices))
        elif field.kind is FieldKind.CHECKBOX:
            value = draw(st.booleans())
        elif inner:
            continue
        else:
            value = draw(TEXTS | SCALARS)
        if inner:
            described.setdefault(outer, {}).setdefault("request", {})["path"] = value
        else:
            described[outer] = value
    return described


def listed(depth: int = 0) -> st.SearchStrategy[list[dict[str, Any]]]:
    kinds = st.sampled_from(TRANSFORMERS).flatmap(lambda kind: transformer(kind, depth))
    return st.lists(kinds, min_size=1, max_size=3)


class Anything:
    """A storage that holds what it is given."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def get(self, storage: str, key: str) -> Any:
        return self.value


@settings(max_examples=400, deadline=None)
@given(listed(), st.lists(ENTITIES, max_size=4), ENTITIES, ANSWERS)
def test_a_description_is_refused_or_each_entity_comes_out_or_fails(
    transformers: Any, entities: list[Any], stored: Any, answer: Any
) -> None:
    try:
        ready = Transformers.parse(transformers)
    except ConfigError:
        return
    remote = Remote(by=lambda request: answer)

    def client(name: str) -> Next:
        return remote.handle

    result = remote.run(ready.run(entities, Ports(Scope(context=CONTEXT), Anything(stored), client)))
    told = {position for each in (*result.entities, *result.failures) for position in each.positions}
    assert told <= set(range(len(entities)))
    assert all(failure.message and failure.path for failure in result.failures)
    assert "CANARY" not in repr(result)
