"""Which names services may have."""

import pytest
from slipway_core.keptn.service_names import wrong_name


@pytest.mark.parametrize("name", ["Carts_v1.2", "a", "x" * 43])
def test_good_names_of_services(name):
    """R71."""
    assert None is wrong_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a:b", "a b", "a&b", "a|b", "a<b", "a>b", "x" * 44, "a\nb"])
def test_bad_names_of_services(name):
    """R71."""
    assert None is not wrong_name(name)
