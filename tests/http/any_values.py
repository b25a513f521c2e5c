"""Entities, options and answers of every kind, for tests that look for what nobody thought of."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson
from hypothesis import strategies as st

from mageferry.http import ConnectionLost, Headers, Response, Secret, TimedOut, UnexpectedStatus, Unreachable

NAMES = st.sampled_from(
    ["a", "b", "id", "items", "key", "", "odd name", "0", "é", "\ud800", "]]>", "#text", "@x"]
)
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(["..", "2024-05-01", "1.234,50", "\ud800", "\x00", "&{id}", Secret("CANARY"), object()]),
    st.decimals(),
    st.just(Decimal("1E+999999")),
)
ENTITIES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)
EXPRESSIONS = st.sampled_from(
    [
        *(
            "a",
            "id",
            "items",
            "@",
            "items[0]",
            "items[].a",
            "a.b",
            "!(a)",
            "length(a)",
            "sum(items)",
            "to_number(a)",
        ),
        *(
            "sort_by(items, &a)",
            "a == b",
            "a > `1`",
            "@{globals.key}",
            "@{globals}",
            "&{a || `1`}",
            "max_by(items, &a)",
        ),
        *(
            "",
            "!a.b",
            "a[",
            "\ud800",
            "join(',', items)",
            "${X}",
            "keys(@)",
            "reverse(a)",
            "a || b.c",
            "avg(items)",
        ),
    ]
)
TEXTS = st.sampled_from(
    [
        *(
            "x",
            "&{a}",
            "?{a}",
            "x &{id} y",
            "@{globals.key}",
            "",
            "&{",
            "/&{id}/x",
            "/orders",
            "é",
            "\r\n",
            "&{items}",
        )
    ]
) | st.text(max_size=5)
TEMPLATES: st.SearchStrategy[Any] = st.recursive(
    TEXTS | st.none() | st.integers(0, 5) | SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES | TEXTS, inner, max_size=3),
    max_leaves=6,
)
CONTEXT = {"globals": {"key": Secret("CANARY"), "text": "x"}}


def encoded(body: Any) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:
        return b"<a><b x='1'>t</b><b/></a>"


ANSWERS: st.SearchStrategy[Response | Exception] = st.one_of(
    st.builds(
        Response,
        st.sampled_from([200, 201, 204, 400, 404, 429, 500]),
        st.sampled_from([Headers({}), Headers({"Content-Type": "text/xml", "Retry-After": "x"})]),
        st.one_of(ENTITIES.map(encoded), st.binary(max_size=20), st.just(b"[" * 3000)),
    ),
    st.sampled_from(
        [TimedOut("t"), ConnectionLost("c"), Unreachable("u"), UnexpectedStatus("s", status=503)]
    ),
)
