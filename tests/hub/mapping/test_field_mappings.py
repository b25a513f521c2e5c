"""Field mappings, pure: what is refused where it is entered, what comes out, and that nothing ends a run."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mageferry.hub.mapping import rules
from mageferry.hub.mapping.field_mappings import NONE, FieldMappings, compile_rows
from mageferry.hub.mapping.fields import UnusableRecord
from mageferry.hub.mapping.order_amounts import UnsendableOrder
from mageferry.hub.mapping.order_in import read_order
from mageferry.hub.mapping.order_mappings import map_entity, read_mapped_order
from mageferry.hub.mapping.order_out import build_entity
from mageferry.hub.mapping.rules import MappingProblem, MappingRow, compile_row
from mageferry.hub.mapping.standard import standard_mapping
from mageferry.hub.mapping.targets import target_named, target_names
from mageferry.hub.trade.models import Marketplace
from tests.hub.builders import remote_item, remote_order
from tests.hub.mapping.test_order_out import an_order

STATUSES = {"processing": "rfs"}


def from_magento(record: str, source: str, target: str, mode: str = "overwrite") -> MappingRow:
    return MappingRow(record, "from_magento", source, target, mode)


def to_magento(record: str, source: str, target: str, mode: str = "overwrite") -> MappingRow:
    return MappingRow(record, "to_magento", source, target, mode)


def sent(*rows: MappingRow, **changes: Any) -> dict[str, Any]:
    """A small order as it is sent with these rows."""
    order, row = an_order([(Decimal("10"), 2, Decimal(1))], Decimal(5), Decimal(0))
    order.account.marketplace = Marketplace(code="amz", name="Amazon")
    return map_entity({**build_entity(order, row), **changes}, order, row, compile_rows(rows))


@pytest.mark.parametrize(
    ("row", "field", "words"),
    [
        (from_magento("order", "a.[", "currency"), "source", "Position"),
        (from_magento("order", "a..b", "currency"), "source", "Position 3"),
        (from_magento("order", "", "currency"), "source", "It is empty"),
        (from_magento("order", "a" * 1001, "currency"), "source", "longer than 1000"),
        (from_magento("order", "nvl(a, b)", "currency"), "source", "Position 1: there is no function nvl"),
        (
            from_magento("order", "[join(',')]", "currency"),
            "source",
            "Position 2: join takes 2 arguments, not 1",
        ),
        (from_magento("order", "`5`", "placed_at"), "source", "The constant is no date with time"),
        (from_magento("order", '`"EURO"`', "currency"), "source", "longer than 3 characters"),
        (from_magento("order", "a", "status"), "target", "has no field 'status'. Fields: currency"),
        (from_magento("order", "a", "increment_id"), "target", "has no field"),
        (
            from_magento("order_item", "a", "extension_attributes.a b"),
            "target",
            "extension_attributes.<name>",
        ),
        (from_magento("order", "a", "grand_total", "append"), "target", "Nothing can be appended"),
        (to_magento("order", "a", "increment_id"), "target", "nothing is sent twice"),
        (to_magento("order", "a", "items[0].sku"), "target", "Items have rows of their own"),
        (to_magento("order_item", "a", "ext_order_item_id"), "target", "nothing is sent twice"),
        (to_magento("order", "a", "extension_attributes..x"), "target", "Position 21"),
        (to_magento("order", "a", "custom_attributes[?code=='x']"), "target", "name a field of it"),
        (to_magento("order", "a", "[0]"), "target", "begin with a name"),
        (to_magento("order", "a", ".".join("a" * 13)), "target", "more than 12 steps"),
        (to_magento("shipment", "a", "comment.comment"), "target", "nothing is sent twice"),
        (to_magento("refund", "a", "items[0].qty"), "target", "nothing is sent twice"),
        (to_magento("refund", "a", "arguments.shipping_amount"), "target", "works it out from the order"),
        (to_magento("refund", "a", "arguments"), "target", "works it out from the order"),
        (to_magento("product", "a", "name"), "direction", "products are mapped from Magento only"),
        (from_magento("refund", "a", "method"), "direction", "refunds are mapped to Magento only"),
        (MappingRow("invoice", "from_magento", "a", "b"), "record", "There are: order, order_item"),
        (MappingRow("order", "sideways", "a", "b"), "direction", "There are: from_magento"),
        (from_magento("order", "a", "currency", "sometimes"), "mode", "There are: overwrite"),
    ],
)
def test_a_row_that_can_not_work_is_refused_at_once(row: MappingRow, field: str, words: str):
    with pytest.raises(MappingProblem) as refused:
        compile_row(row)
    assert words in refused.value.problems[field]


def test_the_modes_of_a_new_record():
    raw = remote_order(customer_firstname="", shipping_description="Flat Rate")
    record = read_mapped_order(
        raw,
        STATUSES,
        compile_rows(
            [
                from_magento("order", '`"Ms"`', "customer_lastname", "if_empty"),
                from_magento("order", "to_string(entity_id)", "shipping_service", "if_new"),
                from_magento("order", '`"Fragile"`', "shipping_description", "append"),
                from_magento("order", '`"Fragile"`', "shipping_description", "append"),
                from_magento("order", "sum(items[].row_total)", "subtotal"),
            ]
        ),
    )
    assert (record.customer_lastname, record.shipping_service) == ("Holt", "7")
    assert record.shipping_description == "Flat Rate, Fragile"
    assert record.subtotal == Decimal("29.98")
    # What holds for a known order too is kept with it; "if new" isn't.
    (mapped,) = record.mapped
    assert [str(each.field) for each in mapped.assignments] == [
        "customer_lastname",
        "shipping_description",
        "shipping_description",
        "subtotal",
    ]


def test_parts_of_an_order_read_their_own_record_and_reach_the_order():
    parent = remote_item(11, product_type="configurable", sku="LAMP", extension_attributes={"bin": "B4"})
    child = remote_item(12, parent_item_id=11, sku="LAMP-RED", qty_ordered=2, price=0, row_total=0)
    rows = [
        from_magento("order_item", "extension_attributes.bin", "extension_attributes.bin"),
        from_magento("order_item", "children[0].item_id", "extension_attributes.child"),
        from_magento("order_item", "order.increment_id", "extension_attributes.order"),
        from_magento("order_address", "kind", "company"),
        from_magento("order_address", "[order.increment_id, street[0]]", "street"),
        from_magento("order_payment", "last_trans_id", "transaction_id"),
    ]
    raw = remote_order(items=[parent, child])
    raw["payment"]["last_trans_id"] = "T-9"
    record = read_mapped_order(raw, STATUSES, compile_rows(rows))
    (item,) = record.items
    assert (item.sku, item.extension_attributes) == (
        "LAMP-RED",
        {"bin": "B4", "child": 12, "order": "000000007"},
    )
    assert [address.company for address in record.addresses] == ["billing", "shipping"]
    assert record.addresses[0].street == "000000007\n9 Pier Road"
    assert record.payment is not None
    assert record.payment.transaction_id == "T-9"


def test_a_value_that_does_not_fit_names_the_row_and_the_remedy():
    mappings = compile_rows([from_magento("order", "customer_email", "grand_total")])
    with pytest.raises(
        UnusableRecord, match=r"order: customer_email -> grand_total: what it finds is no number"
    ):
        read_mapped_order(remote_order(), STATUSES, mappings)


def test_a_stored_row_that_can_not_be_used_is_a_problem_of_each_record_not_of_the_run():
    mappings = compile_rows([from_magento("order", "a..b", "currency")])
    with pytest.raises(UnusableRecord, match="Position 3"):
        read_mapped_order(remote_order(), STATUSES, mappings)


def test_places_in_what_is_sent():
    entity = sent(
        to_magento("order", "account.code", "extension_attributes.channel"),
        to_magento("order", "account.name", "payment.additional_information[1]"),
        to_magento("order", "currency", "custom_attributes[?attribute_code=='till'].value"),
        to_magento("order", "status", "custom_attributes[?attribute_code=='state'].value"),
        to_magento("order", "`false`", "custom_attributes[?attribute_code=='state'].value"),
        to_magento("order", '`""`', "customer_email"),
        to_magento("order", "no.such.field", "customer_is_guest"),
        to_magento("order_item", "{first: sku, last: order.currency}", "extension_attributes.tags"),
        to_magento("order_address", "firstname", "lastname", "append"),
        to_magento("order_payment", "order.marketplace.code", "method"),
    )
    assert entity["extension_attributes"]["channel"] == "AMZ"
    assert entity["payment"]["additional_information"] == ["Paid through Amazon", "Amazon"]
    assert entity["custom_attributes"] == [
        {"attribute_code": "till", "value": "EUR"},
        {"attribute_code": "state", "value": False},
    ]
    assert "customer_email" not in entity
    assert entity["customer_is_guest"] == 1
    assert entity["items"][0]["extension_attributes"]["tags"] == {"first": "S1", "last": "EUR"}
    assert entity["billing_address"]["lastname"] == "Grady, Ruth"
    assert entity["payment"]["method"] == "amz"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("currency_code[0]", None),
        ("payment.method.code", "code would be part of something that has no names"),
        ("payment.additional_information[7]", "the list has only 1 entries"),
        ("payment[0]", "a list is expected"),
    ],
)
def test_what_is_in_the_way_is_said(target: str, words: str | None):
    row = to_magento("order", "currency", target)
    if words is None:
        assert sent(row)["currency_code"] == ["EUR"]
        return
    with pytest.raises(UnsendableOrder, match=words):
        sent(row)


def test_other_flows_map_plain_values():
    mappings = compile_rows(
        [
            from_magento(
                "product", "custom_attributes[?attribute_code=='brand'].value | [0]", "attributes.brand"
            ),
            from_magento("product", "status", "active"),
            from_magento("product", "name", "name", "if_new"),
            to_magento("shipment", "carrier", "extension_attributes.acme_carrier"),
        ]
    )
    raw = {
        "sku": "L",
        "name": "Lamp",
        "status": 1,
        "custom_attributes": [{"attribute_code": "brand", "value": "K"}],
    }
    assert mappings.apply_from_magento("product", raw, {"name": "", "active": False, "attributes": {}}) == {
        "name": "Lamp", "active": True, "attributes": {"brand": "K"},
    }  # fmt: skip
    known = mappings.apply_from_magento("product", raw, {"name": "Ours", "active": True}, is_new=False)
    assert known["name"] == "Ours"
    body, problems = mappings.apply_to_magento("shipment", {"carrier": "dpd"}, {"items": []})
    assert (body["extension_attributes"], problems) == ({"acme_carrier": "dpd"}, [])
    with pytest.raises(UnusableRecord, match="neither yes nor no"):
        mappings.apply_from_magento("product", {**raw, "status": 7}, {"name": "", "active": True})


def test_without_rows_nothing_is_done():
    assert compile_rows([]) is NONE
    assert not NONE.touch("from_magento")
    assert read_mapped_order(remote_order(), STATUSES, NONE) == read_order(remote_order(), STATUSES)


def test_the_same_rows_are_compiled_once():
    rows = [from_magento("order", "currency", "currency")]
    assert compile_rows(rows) is compile_rows(list(rows))


def test_the_standard_mapping_tells_what_a_row_can_fill():
    table = {(each.direction, each.record, each.source): each for each in standard_mapping()}
    assert table["from_magento", "order", "order_currency_code"].target == "currency"
    assert not table["from_magento", "order", "increment_id"].mappable
    places = {each.target: each for each in standard_mapping() if each.direction == "to_magento"}
    assert places["customer_email"].source == "customer_email"
    assert places["items[].qty_ordered"].source == "items.quantity"
    assert places["grand_total"].source == "grand_total"
    assert places["customer_is_guest"].source == "always 1"
    assert places["items[].row_total"].source == "computed"
    assert not places["increment_id"].mappable
    for record in rules.RECORDS:
        assert all(target_named(record, name.replace("<name>", "x")) for name in target_names(record))


# Pieces that people write, put together in every way, and any text at all.
WORDS = st.sampled_from(
    ["items", "order", "payment", "extension_attributes", "street", "@", "*", "[]", "[0]", "[-1]", "[::0]", "&sku",
     "`1e400`", "`\"\\ud800\"`", "`{}`", "'x'", "sum(", "max_by(items, &price)", "sort_by(", "to_number(", "join(',', ",
     ")", ".", "|", "||", "?", "==", "{a: ", "}", "map(&sku, items)", "not_null(", ",", "`99999999999999999999999`"]
)  # fmt: skip
SOURCES = st.one_of(st.text(max_size=40), st.lists(WORDS, min_size=1, max_size=7).map("".join))
TARGETS = st.one_of(
    st.text(max_size=40),
    st.sampled_from([name for record in rules.RECORDS for name in target_names(record)]),
    st.sampled_from(
        ["a.b[0].c", "payment.method.x", "custom_attributes[?code=='x'].value", "items", "billing_address"]
    ),
)
ROWS = st.lists(
    st.builds(
        MappingRow,
        st.sampled_from(list(rules.RECORDS)),
        st.sampled_from(list(rules.DIRECTIONS)),
        SOURCES,
        TARGETS,
        st.sampled_from(list(rules.MODES)),
    ),
    max_size=4,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(ROWS, JSON)
def test_no_row_can_end_a_run(rows: list[MappingRow], odd: Any):
    mappings = compile_rows(rows)
    raw = remote_order(extension_attributes={**remote_order()["extension_attributes"], "odd": odd})
    before = deepcopy(raw)
    problems = [
        refusal_of(lambda: read_mapped_order(raw, STATUSES, mappings)),
        refusal_of(lambda: orjson.dumps(sent(*rows))),
    ]
    assert all(problem is None or "field mapping" in problem for problem in problems)
    assert repr(raw) == repr(before), "the shop's record was changed"


def refusal_of(step: Callable[[], object]) -> str | None:
    """What a record is parked with; None when it isn't."""
    try:
        step()
    except (UnusableRecord, UnsendableOrder) as refusal:
        return str(refusal)
    return None


@settings(max_examples=200, deadline=None)
@given(ROWS)
def test_reading_the_same_order_twice_maps_it_the_same(rows: list[MappingRow]):
    mappings: FieldMappings = compile_rows(rows)
    try:
        assert read_mapped_order(remote_order(), STATUSES, mappings) == read_mapped_order(
            remote_order(), STATUSES, mappings
        )
    except UnusableRecord:
        assert mappings
