"""Certificates: right names, right issuer, readable by their owner only."""

import base64
import json
from pathlib import Path

import pytest
from cryptography import x509
from slipway_cluster import certificates
from slipway_cluster.certificates import CERTIFICATES, ensure_certificates, kubeconfig


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all certificates."""
    folder = tmp_path_factory.mktemp("pki")
    ensure_certificates(folder)
    return folder


def load(pki: Path, name: str) -> x509.Certificate:
    """Read one certificate."""
    return x509.load_pem_x509_certificate((pki / f"{name}.crt").read_bytes())


def test_the_api_server_is_known_by_all_its_addresses(pki: Path) -> None:
    """Loopback for people, the node's address for parts, the Service's for pods."""
    names = load(pki, "apiserver").extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"127.0.0.1", "198.18.0.1", "198.19.0.1"} == {str(ip) for ip in names.get_values_for_type(x509.IPAddress)}
    assert "kubernetes.default.svc.cluster.local" in names.get_values_for_type(x509.DNSName)


@pytest.mark.parametrize("name", CERTIFICATES)
def test_each_certificate_is_signed_by_its_authority(pki: Path, name: str) -> None:
    """And by no other."""
    load(pki, name).verify_directly_issued_by(load(pki, CERTIFICATES[name].authority))


def test_the_kubelet_is_a_node_to_the_node_authorizer(pki: Path) -> None:
    """User `system:node:<name>` in group `system:nodes`."""
    assert load(pki, "kubelet").subject.rfc4514_string() == "CN=system:node:slipway,O=system:nodes"


def test_nobody_else_can_read_keys(pki: Path) -> None:
    """Folder 0700, files 0600."""
    assert pki.stat().st_mode & 0o777 == 0o700
    assert {0o600} == {file.stat().st_mode & 0o777 for file in pki.iterdir()}


def test_a_second_call_keeps_every_certificate(tmp_path: Path) -> None:
    """Otherwise each `up` would end every session with the API server."""
    ensure_certificates(tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    ensure_certificates(tmp_path)
    assert before == {file.name: file.read_bytes() for file in tmp_path.iterdir()}


def test_a_new_authority_issues_anew(tmp_path: Path) -> None:
    """What a lost authority had signed is worth nothing."""
    ensure_certificates(tmp_path)
    (tmp_path / "ca.key").unlink()
    ensure_certificates(tmp_path)
    load(tmp_path, "apiserver").verify_directly_issued_by(load(tmp_path, "ca"))


def test_a_kubeconfig_is_whole_and_asks_a_loopback_address(pki: Path) -> None:
    """No paths in it, so it can be copied; no address that a proxy would be asked for."""
    config = json.loads(kubeconfig(pki, "admin"))
    cluster = config["clusters"][0]["cluster"]
    assert cluster["server"] == f"https://127.0.0.1:{certificates.API_PORT}"
    assert base64.b64decode(cluster["certificate-authority-data"]) == (pki / "ca.crt").read_bytes()
    assert config["current-context"] == "slipway-embedded"
