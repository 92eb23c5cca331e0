"""The listener that speaks TLS."""

import http.client
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from google.protobuf.descriptor_pool import DescriptorPool

from tests.envoy.harness import HOST, Edge
from tests.envoy.toy_server import SERVICE, message
from udb import ports
from udb.edge import Tls


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tls]:
    """A certificate for loopback that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    port = ports.prefer(0)
    yield Tls(port.number, folder / "cert.pem", folder / "key.pem")
    port.close()


@pytest.fixture(scope="module")
def edge(start_edge: Callable[..., Edge], tls: Tls) -> Edge:
    return start_edge(tls=tls)


def connect(tls: Tls, **settings: ssl.TLSVersion) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=tls.certificate)
    for name, value in settings.items():
        setattr(context, name, value)
    return http.client.HTTPSConnection(HOST, tls.port, context=context, timeout=20)


def test_rest_passes_and_browsers_are_told_to_stay_with_tls(edge: Edge, tls: Tls):
    connection = connect(tls)
    connection.request("GET", "/v1/things/x")
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.getheader("strict-transport-security") == "max-age=31536000"
    connection.close()


def test_what_is_not_even_http_is_told_so_as_well(edge: Edge, tls: Tls):
    connection = connect(tls)
    connection.request("GET", "/v1/things/x", headers={"x-large": "a" * 100_000})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("strict-transport-security")) == (431, "max-age=31536000")
    connection.close()


def test_grpc_passes(edge: Edge, tls: Tls, pool: DescriptorPool):
    credentials = grpc.ssl_channel_credentials(Path(tls.certificate).read_bytes())
    with grpc.secure_channel(f"{HOST}:{tls.port}", credentials) as channel:
        call = channel.unary_unary(f"/{SERVICE}/GetThing", bytes, message(pool, "Thing").FromString)
        assert call(message(pool, "GetThingRequest")(thing_id="x").SerializeToString(), timeout=20).thing_id == "x"


def test_old_versions_are_refused(edge: Edge, tls: Tls):
    with pytest.warns(DeprecationWarning, match="TLSv1"), pytest.raises((ssl.SSLError, ConnectionError)):
        connect(tls, minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1).request("GET", "/")


def test_the_plain_listener_says_nothing_of_tls(edge: Edge, tls: Tls):
    assert "strict-transport-security" not in edge.ask("GET", "/v1/things/x").headers
