"""Self-signed certificate, so that phones on the same network may use their microphones.

Browsers ask before they trust it. Kept in a folder only its owner reads, and made anew when it is old or this
machine's addresses have changed. Knows no server.
"""

import datetime
import ipaddress
import os
import socket
from contextlib import suppress
from pathlib import Path

VALID = datetime.timedelta(days=365)
RENEW = datetime.timedelta(days=7)  # before its end


def addresses() -> list[str]:
    """Addresses of this machine, the one that other machines use first."""
    found: list[str] = []
    for family, target in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((target, 9))  # sends nothing: it only chooses a way
                found.append(probe.getsockname()[0])
        except OSError:
            continue
    with suppress(OSError):
        found += [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None)]
    return list(dict.fromkeys(address.partition("%")[0] for address in found if not address.startswith("127.")))


def certificate(folder: Path) -> tuple[Path, Path]:
    """Files of the certificate and of its key (PEM). Raises ValueError where the folder cannot be written."""
    names = ["localhost", socket.gethostname(), "127.0.0.1", "::1", *addresses()]
    cert, key = folder / "certificate.pem", folder / "key.pem"
    if not _fits(cert, key, names):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write(cert, key, names)
        except OSError as error:
            raise ValueError(
                f"{folder} cannot hold a certificate ({error.strerror}): give another --tls-dir"
            ) from error
    return cert, key


def _fits(cert: Path, key: Path, names: list[str]) -> bool:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        loaded = x509.load_pem_x509_certificate(cert.read_bytes())
        secret = load_pem_private_key(key.read_bytes(), None)
        covered = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        known = {str(name.value) for name in covered}
    except (OSError, ValueError, TypeError, x509.ExtensionNotFound):  # TypeError: a key with a password
        return False
    left = loaded.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    return secret.public_key() == loaded.public_key() and left > RENEW and set(names) <= known


def _write(cert: Path, key: Path, names: list[str]) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    secret, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "LiveTalk on this machine")])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in dict.fromkeys(names)]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .sign(secret, hashes.SHA256())
    )
    opened = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "wb") as file:
        plain = serialization.NoEncryption()
        file.write(secret.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    cert.write_bytes(built.public_bytes(serialization.Encoding.PEM))


def _general(name: str):
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
