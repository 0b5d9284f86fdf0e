"""Address, account and certificates of a Prometheus: tidied, checked, never shown."""

import pytest
from slipway_core.numbers.errors import InvalidAccess
from slipway_core.numbers.prometheus_access import PrometheusAccess

SECRET = "s3cr3t-value"


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("http://host:9090/", "http://host:9090"),
        ("host:9090", "https://host:9090"),
        (" prometheus.example.com/prom/ ", "https://prometheus.example.com/prom"),
        ("http://[::1]:9090", "http://[::1]:9090"),
    ],
)
def test_an_address_is_tidied(written, url):
    """Without a scheme it is https, as with Keptn."""
    assert url == PrometheusAccess.of(written).url


@pytest.mark.parametrize(
    ("url", "more", "words"),
    [
        ("", {}, "must be like http://host:9090"),
        ("ftp://host", {}, "must be like http://host:9090"),
        ("http://host:port", {}, "cannot be read"),
        ("http://host/graph?g0.expr=up", {}, "is that of a page"),
        ("http://host", {"user": "me"}, "there is no password"),
        ("http://host", {"password": SECRET}, "there is no user"),
        ("http://host", {"user": "me", "password": SECRET, "token": SECRET}, "not both"),
        ("http://host", {"token": f"{SECRET}\nX: y"}, "the bearer token must be one line"),
        ("http://host", {"token": SECRET, "headers": {"authorization": SECRET}}, "not both"),
        ("http://host", {"headers": {"X-Key": f"{SECRET}\r\n"}}, "X-Key must be one line"),
        ("http://host", {"headers": {"X Key": SECRET}}, "'X Key' cannot be the name of a header"),
        (f"http://me:{SECRET}@host:x", {}, "cannot be read"),
    ],
)
def test_what_cannot_be_used_is_said_without_its_secret(url, more, words):
    """Before anything is sent."""
    with pytest.raises(InvalidAccess) as caught:
        PrometheusAccess.of(url, **more)
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_secret_is_in_no_representation():
    """Logs and error pages print records."""
    made = PrometheusAccess.of(f"http://me:{SECRET}@host", headers={"X-Key": f"other-{SECRET}"})
    assert SECRET not in repr(made)
    assert "http://host" == made.url
    assert "*** and ***" == made.scrub(f"{SECRET} and other-{SECRET}")


@pytest.mark.parametrize("ca", ["/nowhere/ca.pem", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----"])
def test_certificates_that_cannot_be_read_are_an_error(ca):
    """Rather than trusting everybody, or nobody."""
    with pytest.raises(InvalidAccess, match="cannot be read as CA certificates"):
        PrometheusAccess.of("https://host", ca=ca).tls()
