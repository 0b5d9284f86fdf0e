"""Prometheus by prometheus-api-client: reads exactly as gates read."""

import ssl
from datetime import UTC, datetime

import pytest
from slipway_core.numbers.errors import ManyValues, NoValue, QueryRefused, SourceUnreachable
from slipway_core.numbers.prometheus_access import PrometheusAccess
from slipway_core.numbers.prometheus_client import connect

from tests.slipway_core.numbers.prometheus_stand_in import Said, refusal, running, vector

END = datetime(2022, 1, 1, 10, 5, 0, 123000, tzinfo=UTC)
SECRET = "s3cr3t-value"


def read(said, **access):
    """Read one query from a server that always gives the same answer; return the reading and the request."""
    with running(lambda asked: said) as prometheus:
        with connect(PrometheusAccess.of(prometheus.url, **access), timeout=0.5) as client:
            reading = client.read("up", END)
        return reading, prometheus.asked


def test_a_number_is_read_with_its_warnings_and_at_the_exact_moment():
    """Which the library alone would drop."""
    reading, [asked] = read(vector("0.5", warnings=["partial"]), token=SECRET, headers={"X-Scope-OrgID": "a"})
    assert (0.5, "up", END, ("partial",)) == reading
    assert ("/api/v1/query", {"query": "up", "time": "1641031500.123"}) == (asked.path, asked.form)
    assert (f"Bearer {SECRET}", "a") == (asked.headers["authorization"], asked.headers["x-scope-orgid"])


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (vector(), NoValue, "did not return any values"),
        (vector("1", "2"), ManyValues, "did return multiple values"),
        (refusal("bad_data", f"parse error {SECRET}"), QueryRefused, r"bad_data: parse error \*\*\*"),
        (Said("<html>", kind="text/html"), SourceUnreachable, "a web page"),
        (Said("", 401), SourceUnreachable, "answers 401"),
        (Said("", 503), SourceUnreachable, "answers 503 Service Unavailable"),
        (Said("", 302, headers=(("location", "https://sso/"),)), SourceUnreachable, "sends us on to https://sso/"),
        (vector("1")._replace(cut=10), SourceUnreachable, "cannot be reached"),
        (vector("1")._replace(delay=3), SourceUnreachable, "in time"),
    ],
)
def test_everything_else_is_the_same_error_as_in_a_gate(said, kind, words):
    """Without the secret."""
    with pytest.raises(kind, match=words) as caught:
        read(said, user="me", password=SECRET)
    assert SECRET not in str(caught.value)


def test_nobody_at_the_address_is_said_with_the_address():
    """At once: a person waits."""
    with running(lambda asked: vector("1")) as gone:
        url = gone.url
    with (
        pytest.raises(SourceUnreachable, match=rf"^{url} cannot be reached: \[Errno 111\]"),
        connect(PrometheusAccess.of(url)) as client,
    ):
        client.check()


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_tls_trusts_the_ca_given_as_file_or_text(certificate):
    """And nobody who is not signed by it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    cert = certificate[0]
    with running(lambda asked: vector("1"), tls=context) as prometheus:
        for access in ({"ca": str(cert)}, {"ca": cert.read_text()}, {"verify": False}):
            with connect(PrometheusAccess.of(prometheus.url, **access)) as client:
                client.check()
        with (
            pytest.raises(SourceUnreachable, match=r"cannot be trusted: .*CERTIFICATE_VERIFY_FAILED.*Give the CA"),
            connect(PrometheusAccess.of(prometheus.url)) as client,
        ):
            client.check()
