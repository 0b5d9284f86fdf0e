"""Prometheus as a source: what it is asked, how each answer is taken, and that no secret is ever told."""

import asyncio
import json
import ssl
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from slipway_core.numbers.contract import Window
from slipway_core.numbers.errors import ManyValues, NoNumber, NoValue, QueryRefused, SourceUnreachable
from slipway_core.numbers.gate import read_all
from slipway_core.numbers.prometheus import PrometheusSource
from slipway_core.numbers.prometheus_access import PrometheusAccess

from tests.slipway_core.numbers.prometheus_stand_in import Said, refusal, running, vector

END = datetime(2022, 1, 1, 10, 5, 0, 123000, tzinfo=UTC)
WINDOW = Window(END - timedelta(minutes=5), END)
SECRET = "s3cr3t-value"
HTML = Said("<!DOCTYPE html><html><title>Sign in</title></html>", kind="text/html; charset=utf-8")


def result(kind, what):
    """Return a successful answer of some type."""
    return Said(json.dumps({"status": "success", "data": {"resultType": kind, "result": what}}))


def ask(said, query="up", url="http://prometheus:9090", **access):
    """Read one query from a Prometheus that gives one answer; return the reading and the requests."""
    requests = []

    def handle(request):
        requests.append(request)
        answer = said(request) if callable(said) else said
        if isinstance(answer, Exception):
            raise answer
        headers = {"content-type": answer.kind, **dict(answer.headers)}
        return httpx.Response(answer.status, content=answer.body, headers=headers)

    async def read():
        made = PrometheusAccess.of(url, **access)
        async with PrometheusSource(made, transport=httpx.MockTransport(handle)) as source:
            return await source.read(query, WINDOW)

    return asyncio.run(read()), requests


def form_of(request):
    """Return the fields of a form that was posted."""
    return dict(httpx.QueryParams(request.content.decode()))


def test_a_query_is_posted_for_the_exact_end_of_the_window():
    """To /api/v1/query, time in Unix seconds with the milliseconds (evaluation.md 11)."""
    reading, [request] = ask(vector("0.25"), 'rate(m{a="b"}[77s])', "http://host:1/prom/")
    assert ("POST", "http://host:1/prom/api/v1/query") == (request.method, str(request.url))
    assert {"query": 'rate(m{a="b"}[77s])', "time": "1641031500.123", "timeout": "30s"} == form_of(request)
    assert (0.25, 'rate(m{a="b"}[77s])', END, ()) == reading


def test_a_proxy_that_forbids_post_is_asked_by_get():
    """As Prometheus' own client does."""
    reading, requests = ask(lambda request: vector("1") if request.method == "GET" else Said("", 405))
    assert (1.0, ["POST", "GET"]) == (reading.value, [request.method for request in requests])
    assert "1641031500.123" == requests[1].url.params["time"]


def test_warnings_of_the_server_are_kept():
    """Prometheus 3 calls the mild ones infos."""
    reading, _ = ask(vector("1", warnings=["partial"], infos=["not a counter"]))
    assert ("partial", "not a counter") == reading.warnings


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (vector(), NoValue, "query did not return any values"),
        (vector("1", "2"), ManyValues, "query did return multiple values"),
        (vector("NaN"), NoValue, "query did not return valid values"),
        (vector("+Inf"), NoValue, "query did not return valid values"),
        (vector("-Inf"), NoValue, "query did not return valid values"),
        (result("scalar", [1, "5"]), QueryRefused, "prometheus api response is not a Vector: it is a scalar"),
        (result("string", [1, "x"]), QueryRefused, "prometheus api response is not a Vector: it is a string"),
        (result("matrix", []), QueryRefused, "prometheus api response is not a Vector: it is a matrix"),
        (result("vector", [{"metric": {}, "histogram": [1, {}]}]), QueryRefused, "it is a histogram"),
        (refusal("bad_data", "1:5: parse error"), QueryRefused, "unable to query prometheus api: bad_data: 1:5: parse"),
        (refusal("execution", "too many samples", 422), QueryRefused, "execution: too many samples"),
        (Said("[" + "1," * 5_000_000 + "1]"), QueryRefused, "larger than 8 MB"),
    ],
)
def test_an_answer_without_one_number_fails_the_query_only(said, kind, words):
    """R82 and the table of evaluation.md 11; a histogram is none of Keptn's days."""
    with pytest.raises(kind) as caught:
        ask(said)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("said", "words", "again"),
    [
        (HTML, "answers with a web page", False),
        (HTML._replace(status=503), "answers 503 Service Unavailable", True),
        (refusal("timeout", "query timed out", 503), "503 Service Unavailable: timeout: query timed out", True),
        (Said("", 500), "answers 500", True),
        (Said("", 429), "answers 429 Too Many Requests", True),
        (Said("", 401), "answers 401: it wants another user and password", False),
        (Said("", 403), "answers 403: this account may not", False),
        (Said("404 page not found", 404, "text/plain"), "has no /api/v1/query (404)", False),
        (
            Said("", 302, headers=(("location", f"https://sso/?t={SECRET}"),)),
            "sends us on to https://sso/ (302)",
            False,
        ),
        (Said("bad", 400, "text/plain"), "answers 400 Bad Request", False),
        (Said("hello", kind="text/plain"), "a form that is not Prometheus' (text/plain)", False),
        (Said("[1]"), "a form that is not Prometheus'", False),
        (Said('{"status": "success", "data": {}}'), "a form that is not Prometheus'", False),
        (Said('{"status": "success", "da'), "broke off in the middle of its answer", True),
        (httpx.ConnectError("[Errno 111] Connection refused"), "cannot be reached: [Errno 111]", True),
        (httpx.ConnectTimeout(""), "took no connection within 10 s", True),
        (httpx.ReadTimeout(""), "gave no answer within 30 s", True),
        (httpx.RemoteProtocolError("peer closed"), "broke off its answer: peer closed", True),
        (
            httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"),
            "a certificate that is not trusted",
            False,
        ),
        (httpx.DecodingError("bad gzip"), "cannot be reached: bad gzip", True),
    ],
)
def test_a_source_that_does_not_answer_is_named_by_its_address(said, words, again):
    """And only what may pass is worth another try."""
    with pytest.raises(SourceUnreachable) as caught:
        ask(said, url="https://prometheus:9090", user="me", password=SECRET)
    assert str(caught.value).startswith("https://prometheus:9090 ")
    assert words in str(caught.value)
    assert again == caught.value.again
    assert SECRET not in repr(caught.value) + str(caught.value)


def test_the_wait_that_a_server_asks_for_is_known():
    """Retry-After, in seconds; a date is left alone."""
    for header, seconds in (("7", 7.0), ("Mon, 01 Jan 2024 10:00:00 GMT", 0.0)):
        with pytest.raises(SourceUnreachable) as caught:
            ask(Said("", 503, headers=(("retry-after", header),)))
        assert seconds == caught.value.wait


def test_user_and_password_or_a_token_and_headers_are_sent():
    """Those in the address too."""
    _, [basic] = ask(vector("1"), user="me", password=SECRET, headers={"X-Scope-OrgID": "a"})
    _, [bearer] = ask(vector("1"), token=SECRET)
    _, [inside] = ask(vector("1"), url="http://me:s3cr3t%2Dvalue@prometheus:9090")
    assert httpx.BasicAuth("me", SECRET)._auth_header == basic.headers["authorization"]
    assert basic.headers["authorization"] == inside.headers["authorization"]
    assert f"Bearer {SECRET}" == bearer.headers["authorization"]
    assert "a" == basic.headers["x-scope-orgid"]


def test_a_secret_that_comes_back_in_an_error_is_not_told():
    """Neither in a fault of the library nor in one of the server."""
    for said in (httpx.ConnectError(f"with {SECRET}"), refusal("internal", f"header {SECRET}", 500)):
        with pytest.raises(SourceUnreachable) as caught:
            ask(said, token=SECRET)
        assert "***" in str(caught.value)
        assert SECRET not in str(caught.value)
    with pytest.raises(NoNumber) as refused:
        ask(refusal("bad_data", f"header {SECRET}"), token=SECRET)
    assert SECRET not in str(refused.value)


def test_check_says_whether_queries_are_answered():
    """With the account that gates use."""

    def check(said):
        handle = httpx.MockTransport(lambda request: httpx.Response(said.status, content=said.body))
        asyncio.run(PrometheusSource(PrometheusAccess.of("http://p"), transport=handle).check())

    check(vector("1"))
    for said in (Said("", 401), vector()):
        with pytest.raises(SourceUnreachable, match=r"^http://p "):
            check(said)


def read_real(url, count=1, timeout=5.0, **more):
    """Read some queries from a real server."""

    async def read():
        access = PrometheusAccess.of(url, **more.pop("access", {}))
        async with PrometheusSource(access, timeout=timeout) as source:
            queries = {f"i{number}": f"m{number}" for number in range(count)}
            return await read_all(source, queries, WINDOW, **{"retries": 1, "pause": 0.0, **more})

    return asyncio.run(read())


def test_fifty_indicators_are_read_side_by_side():
    """From a server that takes 100 ms an answer; each gets its own number."""
    with running(lambda asked: vector(asked.form["query"][1:])._replace(delay=0.1)) as prometheus:
        numbers = read_real(prometheus.url, count=50)
    assert [float(number) for number in range(50)] == [value.value for value in numbers.values.values()]
    assert 50 == len(prometheus.asked)
    assert 20 < prometheus.busiest


def test_a_real_server_that_is_slow_or_cuts_its_answer_is_tried_again():
    """Then it counts as not reached."""
    with running(lambda asked: vector("1")._replace(delay=5)) as slow:
        with pytest.raises(SourceUnreachable, match=r"gave no answer within 0.1 s. Tried 2 times"):
            read_real(slow.url, timeout=0.1)
        assert 2 == len(slow.asked)
    with running(lambda asked: vector("1")._replace(cut=20)) as cutting:
        with pytest.raises(SourceUnreachable, match="broke off its answer"):
            read_real(cutting.url)
        assert 2 == len(cutting.asked)


def test_a_server_that_recovers_gives_its_number():
    """503 first, then an answer."""
    said = iter([Said("", 503), vector("7")])
    with running(lambda asked: next(said)) as prometheus:
        assert 7.0 == read_real(prometheus.url).values["i0"].value


def test_nobody_at_the_address_ends_the_gate():
    """With the address."""
    with running(lambda asked: vector("1")) as gone:
        url = gone.url
    with pytest.raises(SourceUnreachable, match=f"^{url} cannot be reached"):
        read_real(url)


def test_tls_trusts_the_ca_given_or_nobody_is_asked_when_switched_off(certificate):
    """As a file, as text, without checking; and without any of these the certificate is refused at once."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    cert = certificate[0]
    with running(lambda asked: vector("3"), tls=context) as prometheus:
        for access in ({"ca": str(cert)}, {"ca": cert.read_text()}, {"verify": False}):
            assert 3.0 == read_real(prometheus.url, access=access).values["i0"].value
        with pytest.raises(SourceUnreachable, match=r"a certificate that is not trusted.*Give the CA") as caught:
            read_real(prometheus.url)
    assert "Tried" not in str(caught.value)
