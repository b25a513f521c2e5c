from functools import cmp_to_key
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mageferry.magento import PathRule, SearchCriteria, SignatureMethod
from mageferry.magento.signature import (
    authorization,
    base_string,
    natural_key,
    normalised_path,
    sign,
    signed_address,
)
from tests.magento.oauth_shop import strnatcmp

OAUTH = {"oauth_nonce": "n", "oauth_token": "t"}
RESERVED, UNRESERVED = PathRule.RESERVED, PathRule.UNRESERVED


def parameters_of(query: str) -> str:
    """The third part of the base string, decoded once for reading."""
    base = base_string("GET", f"https://shop.example/rest/V1/x?{query}", {})
    return base.split("&")[2].replace("%3D", "=").replace("%26", "&").replace("%25", "%")


def test_a_base_string_has_the_method_the_address_and_the_sorted_parameters() -> None:
    url = "HTTPS://Shop.Example:443/rest/V1/orders?b=1%202&a=%7e"
    assert base_string("get", url, OAUTH) == (
        "GET&https%3A%2F%2Fshop.example%2Frest%2FV1%2Forders&a%3D~%26b%3D1%25202%26oauth_nonce%3Dn%26oauth_token%3Dt"
    )


def test_a_port_that_is_not_the_usual_one_is_signed() -> None:
    assert signed_address("http://127.0.0.1:8080/rest", RESERVED) == "http://127.0.0.1:8080/rest"
    assert signed_address("http://a.example:80/x", RESERVED) == "http://a.example/x"
    assert signed_address("http://a.example:443/x", RESERVED) == "http://a.example:443/x"


@pytest.mark.parametrize(
    ("sent", "signed"),
    [
        ("q=a+b", "q=a%2Bb"),
        ("q=a%20b", "q=a%20b"),
        ("bare&q=1", "q=1"),
        ("q=", "q="),
        ("q=a=b&r=1", "r=1"),
        ("q=1&q=2&r=3", "q=2&r=3"),
        ("q%5b0%5d=1&q[0]=2", "q%5B0%5D=2"),
        ("q=%c3%a9%2d%7E", "q=%C3%A9-~"),
        ("q=a~b*c!%27()", "q=a~b%2Ac%21%27%28%29"),
        ("q=100%", "q=100%25"),
        ("=q", "=q"),
        ("oauth_signature=x&q=1", "q=1"),
        ("", ""),
    ],
)
def test_the_query_is_read_as_magento_reads_it(sent: str, signed: str) -> None:
    assert parameters_of(sent) == signed


def test_filter_groups_are_sorted_by_number_from_the_eleventh_on() -> None:
    criteria = SearchCriteria()
    for number in range(12):
        criteria = criteria.where("entity_id", "gt", number)
    pairs = [pair for pair in parameters_of(criteria.query()).split("&") if "value" in pair]
    assert [pair.rpartition("=")[2] for pair in pairs] == [str(number) for number in range(12)]


@pytest.mark.parametrize(
    ("path", "rule", "signed"),
    [
        ("/rest/V1/products/a%2fb%2Bc%2C", RESERVED, "/rest/V1/products/a/b+c,"),
        ("/rest/V1/products/a%2fb%2Bc%2C", UNRESERVED, "/rest/V1/products/a%2Fb%2Bc%2C"),
        ("/p/%2D%7e%41", RESERVED, "/p/-~A"),
        ("/p/%2D%7e%41", UNRESERVED, "/p/-~A"),
        ("/p/a%20b%23%3f%c3%a9%28%29", RESERVED, "/p/a%20b%23%3F%C3%A9%28%29"),
        ("/p/a(b)", RESERVED, "/p/a(b)"),
        ("/p/100%25", RESERVED, "/p/100%25"),
        ("/p/100%2541", RESERVED, "/p/100%41"),
        ("/p//x", RESERVED, "/p//x"),
    ],
)
def test_paths_are_normalised_by_the_rule_of_the_release(path: str, rule: PathRule, signed: str) -> None:
    assert normalised_path(path, rule) == signed


def test_a_signature_is_the_keyed_hash_of_the_base_string() -> None:
    assert sign("GET&a&b", "c", "d") == "VhBEv6r8NVkbvhmsgM3B0C7zKmEe3B9SdlVPFJ/GsRc="
    assert sign("GET&a&b", "c", "d", SignatureMethod.HMAC_SHA1) == "UweFPbu968d5/KXUCVdYrqEdJJg="


def test_the_header_has_every_value_escaped() -> None:
    assert authorization({"oauth_token": "a b"}, "x+/=") == (
        'OAuth oauth_token="a%20b",oauth_signature="x%2B%2F%3D"'
    )


names = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=8) | st.from_regex(
    r"[ab%]?0?[0-9]{1,3}[%ab]?[0-9]{0,3}", fullmatch=True
)


@given(st.lists(names, max_size=6))
def test_the_order_is_that_of_phps_strnatcmp(texts: list[str]) -> None:
    by_php = sorted(texts, key=cmp_to_key(lambda a, b: strnatcmp(a.encode(), b.encode())))
    assert sorted(texts, key=natural_key) == by_php


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=5))
def test_what_is_signed_decodes_to_what_was_sent(pairs: list[tuple[str, str]]) -> None:
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    signed = [pair.split("=") for pair in parameters_of(query).split("&") if pair]
    expected = {name: value for name, value in pairs if name != "oauth_signature"}
    assert {quote(name, safe="~"): quote(value, safe="~") for name, value in expected.items()} == dict(signed)
