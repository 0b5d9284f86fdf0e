"""What git complained about, in words that help."""

import pytest
from slipway_core.publish.remote.faults import RemoteMoved, explain


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("fatal: could not read Username for 'https://h': terminal prompts disabled", "refused the user or the token"),
        ("remote: Invalid.\nfatal: Authentication failed for 'https://h/x'", "refused the user or the token"),
        ("error: The requested URL returned error: 403", "forbids this"),
        ("fatal: repository 'https://h/x/' not found", "there is no Git repository"),
        ("fatal: unable to access 'https://h/x/': Could not resolve host: h", "does not answer"),
        ("ssh: connect to host h port 22: Connection refused\nfatal: Could not read from remote", "does not answer"),
        ("ssh: Could not resolve hostname h: Name or service not known", "does not answer"),
        (
            "Host key verification failed.\nfatal: Could not read from remote repository.",
            "host key of the remote is not known",
        ),
        ("git@h: Permission denied (publickey).", "refused the SSH key"),
        ("fatal: unable to access 'https://h/': SSL certificate problem: self signed", "certificate is not trusted"),
        ("fatal: unable to access 'https://h/': The requested URL returned error: 301", "has moved"),
        ("fatal: unable to access 'https://h/': The requested URL returned error: 503", "has a fault or is busy"),
        ("! refs/heads/main [remote rejected] (pre-receive hook declined)", "takes no commits on this branch"),
        ("fatal: transport 'ext' not allowed", "addresses of this kind are not taken"),
    ],
)
def test_a_complaint_is_explained(said, meaning):
    """The remote is named, and there is something to do."""
    fault = explain(said, "https://h/x")
    assert fault.message.startswith("https://h/x: ")
    assert meaning in fault.message
    assert fault.advice


@pytest.mark.parametrize(
    "said", ["! a:b [rejected] (stale info)", "! [rejected] (fetch first)", "cannot lock ref 'refs/heads/main'"]
)
def test_a_push_that_came_too_late_can_be_told_from_all_else(said):
    """It is tried again."""
    assert isinstance(explain(said, "r"), RemoteMoved)


def test_no_secret_gets_into_an_error():
    """Not even when the remote repeats it."""
    assert "t0ken" not in str(explain("fatal: strange t0ken", "r", ("t0ken", "")))
