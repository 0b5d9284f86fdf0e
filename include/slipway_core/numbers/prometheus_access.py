"""How to get at a Prometheus: address, account, certificates. Never shows its secrets."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from slipway_core.numbers.errors import InvalidAccess, NoNumber, NumbersError, SourceUnreachable

PEM = "-----BEGIN"
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SHORTEST_SECRET = 3


@dataclass(frozen=True, slots=True)
class PrometheusAccess:
    """How to get at one Prometheus; make it with :meth:`of`, which checks it all.

    :param url: its address, without credentials and without a slash at the end
    :param ca: certificates to trust instead of the system's: PEM text, or path of a file
    :param verify: whether its certificate is checked at all
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    headers: Map[str, str] = field(default_factory=dict, repr=False)
    ca: str = ""
    verify: bool = True

    @classmethod
    def of(
        cls,
        url: str,
        *,
        user: str = "",
        password: str = "",
        token: str = "",
        headers: Map[str, str] | None = None,
        ca: str = "",
        verify: bool = True,
    ) -> PrometheusAccess:
        """Check and tidy what a person has filled in.

        :param url: without a scheme it is https, as with Keptn (evaluation.md 11)
        :param user: of basic authentication; goes with ``password``
        :param token: sent as `Authorization: Bearer …`
        :param headers: sent with every query
        :raises InvalidAccess: what cannot be used; never says a secret
        """
        clean, url_user, url_password = _address(url.strip())
        user, password, token = user or url_user, password or url_password, token.strip()
        if bool(user) != bool(password):
            missing = "password" if user else "user (a token goes into the field for it)"
            raise InvalidAccess(f"{clean}: basic authentication needs a user and a password; there is no {missing}.")
        if user and token:
            raise InvalidAccess(f"{clean}: give a user and password, or a bearer token, not both.")
        headers = dict(headers or {})
        for name, value in {**headers, "the bearer token": token}.items():
            if not (isinstance(value, str) and value.isascii() and (value.isprintable() or not value)):
                raise InvalidAccess(f"{clean}: {name} must be one line of plain ASCII text. Paste it again.")
        for name in headers:
            if not _HEADER_NAME.fullmatch(name):
                raise InvalidAccess(f"{clean}: {name!r} cannot be the name of a header.")
        if token and any(name.lower() == "authorization" for name in headers):
            raise InvalidAccess(f"{clean}: give a bearer token, or a header Authorization, not both.")
        return cls(clean, user, password, token, headers, ca.strip(), verify)

    @property
    def secrets(self) -> list[str]:
        """What must never be shown."""
        return [one for one in (self.password, self.token, *self.headers.values()) if len(one) >= _SHORTEST_SECRET]

    @property
    def all_headers(self) -> dict[str, str]:
        """The headers to send, the token's included."""
        return {**self.headers, **({"Authorization": f"Bearer {self.token}"} if self.token else {})}

    def scrub(self, text: str) -> str:
        """Return a text, such as an error of a library, without the secrets."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def cleaned(self, error: NoNumber | SourceUnreachable) -> NumbersError:
        """Return an error without the secrets that a server, or a library, may have put into its text."""
        if isinstance(error, SourceUnreachable):
            return SourceUnreachable(self.url, self.scrub(error.why), again=error.again, wait=error.wait)
        return type(error)(self.scrub(str(error)), error.query, tuple(self.scrub(one) for one in error.warnings))

    def tls(self) -> ssl.SSLContext | bool:
        """Return how to check its certificate; raises :class:`InvalidAccess` when the CA cannot be read."""
        if not self.url.startswith("https:"):
            return False  # a context that nobody uses takes 20 ms
        if not self.verify or not self.ca:
            return self.verify
        try:
            return _trusting(self.ca)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            shown = "the certificates given" if PEM in self.ca else f"'{self.ca}'"
            raise InvalidAccess(f"{self.url}: {shown} cannot be read as CA certificates (PEM): {error}.") from None


@lru_cache(maxsize=16)
def _trusting(ca: str) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=ca if PEM in ca else Path(ca).read_text("ascii"))


def _address(url: str) -> tuple[str, str, str]:
    """Return the address without credentials, and those."""
    full = url if "://" in url else f"https://{url}"
    try:
        parts = urlsplit(full)
        port = parts.port
    except ValueError:
        raise InvalidAccess("The address of Prometheus cannot be read. Write it like http://host:9090.") from None
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or not host.isprintable() or " " in host:
        raise InvalidAccess("The address of Prometheus must be like http://host:9090 or https://host/path.")
    if parts.query or parts.fragment:
        raise InvalidAccess(f"The address of Prometheus at {host} is that of a page. Cut it before the '?' or '#'.")
    host = f"[{host}]" if ":" in host else host
    clean = f"{parts.scheme}://{host}{f':{port}' if port is not None else ''}{parts.path.rstrip('/')}"
    return clean, unquote(parts.username or ""), unquote(parts.password or "")
