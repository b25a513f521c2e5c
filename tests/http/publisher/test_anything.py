"""Whatever the settings, the entity and the answer: a description is refused, or there is an outcome."""

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mageferry.http.config import ConfigError
from mageferry.http.placeholders import Scope
from mageferry.http.publisher import BodyType, Outcome, Publisher
from mageferry.http.publisher.chain import Chain, ChainState
from tests.http.any_values import ANSWERS, CONTEXT, ENTITIES, EXPRESSIONS, TEMPLATES, TEXTS
from tests.http.publisher.remote import Remote

REQUESTS = st.fixed_dictionaries(
    {"path": TEXTS},
    optional={
        "method": st.sampled_from(["POST", "get", "PUT"]),
        "query": TEMPLATES,
        "headers": st.dictionaries(st.sampled_from(["X-A", "é", "X-B"]), TEXTS, max_size=2),
        "body": TEMPLATES,
        "body_type": st.sampled_from(list(BodyType)),
        "prune": st.booleans(),
    },
)
SAVING = st.fixed_dictionaries({"map": st.just("m"), "key": TEXTS, "value": TEXTS})
RULES = st.fixed_dictionaries(
    {},
    optional={
        "id": EXPRESSIONS,
        "error": EXPRESSIONS,
        "transient_when": EXPRESSIONS,
        "id_needed": st.booleans(),
    },
)
REPEAT = st.fixed_dictionaries(
    {},
    optional={
        "safe": st.booleans(),
        "key": TEXTS,
        "look_up": st.fixed_dictionaries({"request": REQUESTS, "found": EXPRESSIONS}),
    },
)
BATCH = st.fixed_dictionaries(
    {},
    optional={
        "size": st.integers(1, 2),
        "item": TEMPLATES,
        "results": EXPRESSIONS,
        "entity_key": EXPRESSIONS,
        "result_key": EXPRESSIONS,
        "unmentioned_are_done": st.booleans(),
    },
)
STEPS = st.lists(
    st.fixed_dictionaries(
        {"request": REQUESTS},
        optional={
            "answer": RULES,
            "repeat": REPEAT,
            "when": EXPRESSIONS,
            "for_each": st.sampled_from(["entity", "entity.items", "s0.items", "length(entity)"]),
            "keep": EXPRESSIONS,
            "save_ids": st.lists(
                st.fixed_dictionaries({"map": st.just("m"), "key": TEXTS, "value": TEXTS}), max_size=1
            ),
        },
    ),
    min_size=1,
    max_size=3,
).map(lambda steps: [{"name": f"s{index}", **step} for index, step in enumerate(steps)])
SCOPE = Scope(context=CONTEXT)


def refused_or[T](parse: Callable[[Any], T], description: Any) -> T | None:
    try:
        return parse(description)
    except ConfigError:
        return None


@settings(max_examples=400, deadline=None)
@given(REQUESTS, RULES, REPEAT, ENTITIES, st.lists(ANSWERS, min_size=2, max_size=2), st.booleans())
def test_one_entity_has_an_outcome(
    request: Any, answer: Any, repeat: Any, entity: Any, answers: Any, after_unclear: bool
) -> None:
    publisher = refused_or(Publisher.parse, {"request": request, "answer": answer, "repeat": repeat})
    if publisher is None:
        return
    remote = Remote(*answers)
    published = remote.run(publisher.publish(remote.handle, entity, SCOPE, after_unclear=after_unclear))
    assert published.outcome in Outcome
    assert published.outcome is Outcome.DONE or published.message
    assert published.exchange is None or remote.seen
    shown = f"{published!r}{published.exchange.render() if published.exchange else ''}"
    assert "CANARY" not in shown


@settings(max_examples=200, deadline=None)
@given(REQUESTS, RULES, BATCH, st.lists(ENTITIES, max_size=4), ANSWERS)
def test_each_entity_of_a_batch_has_an_outcome(
    request: Any, answer: Any, batch: Any, entities: list[Any], came: Any
) -> None:
    publisher = refused_or(Publisher.parse, {"request": request, "answer": answer, "batch": batch})
    if publisher is not None:
        remote = Remote(by=lambda request: came)
        assert len(remote.run(publisher.publish_batch(remote.handle, entities, SCOPE))) == len(entities)


@settings(max_examples=200, deadline=None)
@given(STEPS, ENTITIES, ANSWERS, ANSWERS)
def test_a_chain_ends_with_an_outcome_and_a_state_that_can_be_stored(
    steps: Any, entity: Any, first: Any, second: Any
) -> None:
    chain = refused_or(Chain.parse, {"steps": steps})
    if chain is None:
        return
    result = Remote(by=lambda request: first).run(chain.run(Remote().handle, entity, SCOPE))
    assert result.outcome is Outcome.DONE or result.message
    stored = ChainState.from_json(result.state.to_json())
    assert stored == result.state
    again = Remote(by=lambda request: second).run(chain.run(Remote().handle, entity, SCOPE, state=stored))
    assert set(stored.finished) <= set(again.state.finished)
