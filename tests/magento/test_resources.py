import pytest

from mageferry.magento import Endpoint
from mageferry.magento.resources import ALL, ResourceSpec


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.name)
def test_every_kind_of_record_can_be_asked_for(spec: ResourceSpec) -> None:
    endpoint = Endpoint.parse("https://shop.example")
    assert endpoint.url(spec.path).startswith("https://shop.example/rest/V1/")
    if spec.one_path:
        assert endpoint.url(spec.one_path.format("7")).endswith("/7")
    assert spec.acl.startswith("Magento_")
    assert not spec.row_identity or spec.row_key in spec.row_identity


def test_names_are_unique() -> None:
    assert len({spec.name for spec in ALL}) == len(ALL)
