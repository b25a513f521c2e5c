import pytest

from mageferry.magento import ConfigurationError, Endpoint
from mageferry.magento.endpoint import segment


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://shop.example", "https://shop.example/rest/V1/orders/1"),
        ("https://shop.example/", "https://shop.example/rest/V1/orders/1"),
        (" https://Shop.Example/rest ", "https://shop.example/rest/V1/orders/1"),
        ("https://shop.example/rest/V1", "https://shop.example/rest/V1/orders/1"),
        ("https://shop.example/rest/V1/", "https://shop.example/rest/V1/orders/1"),
        ("https://shop.example/rest/all/V1", "https://shop.example/rest/all/V1/orders/1"),
        ("https://shop.example/rest/eu_de", "https://shop.example/rest/eu_de/V1/orders/1"),
        ("http://127.0.0.1:8080/index.php/rest/V1", "http://127.0.0.1:8080/index.php/rest/V1/orders/1"),
        ("https://example.com/shop/rest/V1", "https://example.com/shop/rest/V1/orders/1"),
    ],
)
def test_an_endpoint_is_read_however_it_is_written(written: str, url: str) -> None:
    assert Endpoint.parse(written).url("/V1/orders/1") == url


@pytest.mark.parametrize(
    "written",
    [
        "",
        "shop.example",
        "ftp://shop.example",
        "https://",
        "https://user:secret@shop.example",
        "https://shop.example/admin",
        "https://shop.example/rest/V2",
        "https://shop.example/rest/V1/orders",
        "https://shop.example/rest?x=1",
        "https://shop.example:port",
    ],
)
def test_anything_else_is_refused_with_how_to_write_it(written: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Endpoint.parse(written)
    assert "https://shop.example/rest" in caught.value.remedy
    assert "secret" not in str(caught.value)


def test_a_store_code_goes_into_the_path() -> None:
    endpoint = Endpoint.parse("https://shop.example/rest/all/V1")
    assert endpoint.url("/V1/products", "a=1", "eu_de") == "https://shop.example/rest/eu_de/V1/products?a=1"
    assert endpoint.url("/async/bulk/V1/products") == "https://shop.example/rest/all/async/bulk/V1/products"
    with pytest.raises(ConfigurationError, match="no store code"):
        endpoint.url("/V1/products", store_code="../admin")


@pytest.mark.parametrize(
    "path", ["/V1/orders?x=1", "/orders", "/V1/products/A B", "https://evil.example/V1/x"]
)
def test_a_path_is_checked(path: str) -> None:
    with pytest.raises(ValueError, match="no REST path"):
        Endpoint.parse("https://shop.example").url(path)


def test_an_article_number_is_encoded_whole() -> None:
    assert segment("A/B+C 100%") == "A%2FB%2BC%20100%25"
    with pytest.raises(ValueError, match="cannot stand"):
        segment("..")
