"""The OAuth signature as Magento computes it, on examples worked out by hand."""

from __future__ import annotations

import functools

import pytest

from mageferry.sandbox.signature import (
    compare_naturally,
    header_parameters,
    normalise_url,
    query_parameters,
    sign,
)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("a[2]", "a[10]", -1),
        ("a[10]", "a[2]", 1),
        ("a", "a", 0),
        ("a", "ab", -1),
        ("", "a", -1),
        ("", "", 0),
        ("B", "a", -1),
        ("x01", "x1", -1),
        ("x010", "x02", -1),
        ("007", "7", 0),
        ("1 2", "12", -1),
        ("img12", "img12b", -1),
    ],
)
def test_names_compare_as_php_does(left: str, right: str, expected: int) -> None:
    assert compare_naturally(left, right) == expected


def test_ten_groups_sort_by_number() -> None:
    names = [f"g[{number}]" for number in (10, 9, 2, 11, 0)]
    ordered = sorted(names, key=functools.cmp_to_key(compare_naturally))
    assert ordered == ["g[0]", "g[2]", "g[9]", "g[10]", "g[11]"]


def test_only_pairs_with_one_equals_sign_count() -> None:
    found = query_parameters("a=1&a=2&b&c=x=y&d=1+2&e=%20&oauth_token=t&f=")
    assert found == {"a": "2", "d": "1+2", "e": " ", "f": ""}


@pytest.mark.parametrize("header", ['OAuth oauth_nonce="n%2B1", x="2"', 'oauth oauth_nonce="n%2B1"'])
def test_the_header_gives_its_oauth_parameters(header: str) -> None:
    assert header_parameters(header) == {"oauth_nonce": "n+1"}


@pytest.mark.parametrize("header", [None, "", "Bearer abc"])
def test_another_scheme_has_none(header: str | None) -> None:
    assert header_parameters(header) == {}


@pytest.mark.parametrize(
    ("path", "older", "newer"),
    [
        ("/p/a%2Fb", "/p/a/b", "/p/a%2Fb"),
        ("/p/a%2Db", "/p/a-b", "/p/a-b"),
        ("/p/a%2bb", "/p/a+b", "/p/a%2Bb"),
        ("/p/%20%c3%a9", "/p/%20%C3%A9", "/p/%20%C3%A9"),
        ("/p/a(b)", "/p/a(b)", "/p/a(b)"),
        ("/p/a%28b%29", "/p/a%28b%29", "/p/a%28b%29"),
        ("/p//x/../y", "/p//y", "/p//y"),
    ],
)
def test_the_path_is_normalised_before_it_is_signed(path: str, older: str, newer: str) -> None:
    assert normalise_url("HTTP://Shop.Example:80", path) == f"http://shop.example{older}"
    assert normalise_url("https://shop.example:8443", path, newer=True) == f"https://shop.example:8443{newer}"


def test_a_signature_covers_secrets_method_and_url() -> None:
    parameters = {"oauth_nonce": "n", "q": "a b"}
    signed = sign(parameters, "get", "http://shop.example/rest/V1/orders", "key", "secret")
    assert signed == "UYkzSnYFRy5mg97zx20vK6TaPzRxeOeSIc4Z9K2/D4g="
    assert sign(parameters, "POST", "http://shop.example/rest/V1/orders", "key", "secret") != signed
    assert sign(parameters, "get", "http://shop.example/rest/V1/orders", "key", "other") != signed
