"""Certificate authorities, certificates and kubeconfigs of the embedded cluster."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from slipway_cluster.addresses import (
    API_PORT,
    API_SERVICE_ADDRESS,
    CLUSTER_DOMAIN,
    CONTEXT,
    NODE_ADDRESS,
    NODE_NAME,
)

LIFETIME = datetime.timedelta(days=3650)
API_SERVER_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    f"kubernetes.default.svc.{CLUSTER_DOMAIN}",
    "127.0.0.1",
    NODE_ADDRESS,
    API_SERVICE_ADDRESS,
)


@dataclass(frozen=True)
class Wanted:
    """A certificate to have: who it says its holder is, and under which names (none: a client) it may serve."""

    authority: str
    common_name: str
    organization: str | None = None
    names: Sequence[str] = ()


# The names of users and groups are Kubernetes' own: its built-in roles are bound to them.
CERTIFICATES = {
    "apiserver": Wanted("ca", "kube-apiserver", names=API_SERVER_NAMES),
    "apiserver-kubelet-client": Wanted("ca", "kube-apiserver-kubelet-client", "system:masters"),
    "local-health": Wanted("ca", "slipway-health", names=("localhost", "127.0.0.1")),
    "admin": Wanted("ca", "slipway-admin", "system:masters"),
    "controller-manager": Wanted("ca", "system:kube-controller-manager"),
    "scheduler": Wanted("ca", "system:kube-scheduler"),
    "proxy": Wanted("ca", "system:kube-proxy"),
    "coredns": Wanted("ca", "system:coredns"),
    "kubelet": Wanted("ca", f"system:node:{NODE_NAME}", "system:nodes"),
    "kubelet-server": Wanted("ca", f"system:node:{NODE_NAME}", "system:nodes", names=(NODE_NAME, NODE_ADDRESS)),
    "front-proxy-client": Wanted("front-proxy-ca", "front-proxy-client"),
    "etcd": Wanted("etcd-ca", "etcd", names=("localhost", "127.0.0.1")),
    "etcd-client": Wanted("etcd-ca", "kube-apiserver-etcd-client"),
}


def ensure_certificates(folder: Path) -> None:
    """Make what is missing in the folder: `<name>.crt` and `<name>.key`, and the key pair for service accounts."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for authority in sorted({wanted.authority for wanted in CERTIFICATES.values()}):
        if not _complete(folder, authority):
            key = _new_key()
            _write(folder, authority, key, _authority(authority, key))
            _forget_issued_by(folder, authority)
    for name, wanted in CERTIFICATES.items():
        if not _complete(folder, name):
            key = _new_key()
            _write(folder, name, key, _issue(folder, wanted, key))
    if not (folder / "service-accounts.key").exists():
        key = _new_key()
        _write_private(folder / "service-accounts.key", _pem(key))
        _write_private(folder / "service-accounts.pub", _public_pem(key))


def kubeconfig(folder: Path, name: str) -> str:
    """Return a kubeconfig (JSON is YAML) with which the holder of certificate `name` asks the API server.

    The address is a loopback one, so that no proxy of the environment comes in between.
    """

    def inlined(file: str) -> str:
        return base64.b64encode((folder / file).read_bytes()).decode()

    server = f"https://127.0.0.1:{API_PORT}"
    user = {"client-certificate-data": inlined(f"{name}.crt"), "client-key-data": inlined(f"{name}.key")}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": {"server": server, "certificate-authority-data": inlined("ca.crt")}}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": name}}],
        "current-context": CONTEXT,
    }
    return json.dumps(config, indent=1)


def _authority(name: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    subject = _subject(f"slipway {name}", None)
    usage = {use: use in ("digital_signature", "key_cert_sign", "crl_sign") for use in _USES}
    return (
        _builder(subject, subject, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _issue(folder: Path, wanted: Wanted, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    issuer = x509.load_pem_x509_certificate((folder / f"{wanted.authority}.crt").read_bytes())
    issuer_key = serialization.load_pem_private_key((folder / f"{wanted.authority}.key").read_bytes(), None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)  # noqa: S101 - for the type checker; we wrote it
    purposes = [ExtendedKeyUsageOID.CLIENT_AUTH]
    if wanted.names:
        purposes.append(ExtendedKeyUsageOID.SERVER_AUTH)
    usage = {use: use == "digital_signature" for use in _USES}
    builder = (
        _builder(_subject(wanted.common_name, wanted.organization), issuer.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    if wanted.names:
        names = x509.SubjectAlternativeName([_alternative(name) for name in wanted.names])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


_USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # a clock that is set back must not lock us out
        .not_valid_after(now + LIFETIME)
    )


def _subject(common_name: str, organization: str | None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    # "EC PRIVATE KEY" rather than PKCS #8: every reader of Kubernetes takes it, for service account keys too.
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(encoding, form, serialization.NoEncryption())


def _public_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _complete(folder: Path, name: str) -> bool:
    return (folder / f"{name}.crt").exists() and (folder / f"{name}.key").exists()


def _forget_issued_by(folder: Path, authority: str) -> None:
    for name, wanted in CERTIFICATES.items():
        if wanted.authority == authority:
            (folder / f"{name}.crt").unlink(missing_ok=True)


def _write(folder: Path, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    _write_private(folder / f"{name}.key", _pem(key))
    _write_private(folder / f"{name}.crt", certificate.public_bytes(serialization.Encoding.PEM))


def _write_private(file: Path, content: bytes) -> None:
    """Write so that nobody else can ever read it, and a kill leaves no half of it."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
    draft.replace(file)
