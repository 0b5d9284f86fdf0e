"""The way from Alertmanager to Slipway."""

from slipway_core.alerting.routes import AlertRoute

ROUTE = AlertRoute("shop", "http://127.0.0.1:8080", "slipway_secret")


def test_a_route_takes_the_alerts_of_its_project_only():
    """Each alert is a group of its own, told after 10 s and again each minute, as in Keptn."""
    assert ['severity="webhook"', 'project="shop"'] == ROUTE.route["matchers"]
    assert ["project", "stage", "service", "alertname"] == ROUTE.route["group_by"]
    assert ("10s", "1m") == (ROUTE.route["group_wait"], ROUTE.route["repeat_interval"])
    assert ROUTE.route["receiver"] == ROUTE.receiver["name"]


def test_other_receivers_of_the_same_alerts_are_not_cut_off():
    """Alertmanager goes on to the routes that were there before."""
    assert ROUTE.route["continue"] is True


def test_a_receiver_sends_to_our_route_what_begins_and_what_ends():
    """With a token."""
    [hook] = ROUTE.receiver["webhook_configs"]
    assert ("http://127.0.0.1:8080/slipway/alerts", True) == (hook["url"], hook["send_resolved"])
    assert {"type": "Bearer", "credentials_file": "slipway-shop.token"} == hook["http_config"]["authorization"]


def test_the_configuration_holds_no_token():
    """People look at it, and it is printed when it is wrong."""
    assert "secret" not in f"{ROUTE.receiver}{ROUTE.route}"
