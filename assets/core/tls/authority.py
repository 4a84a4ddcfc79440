"""The office's own authority: made once, for 20 years, and able to vouch for this office's names and no others.

Phones that trust it would believe whoever holds its key. So that a stolen key opens this office and not a bank, the
authority is limited (RFC 5280, name constraints) to private addresses, to names that exist on office networks only, and
to the names that were chosen when it was made; and to servers of pages, so that nobody signs mail or programs with it.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from assets.core.tls.names import OFFICE_NAMES, address_of, is_one_word
from assets.core.tls.storing import folder_of, write_once
from assets.settings import SettingsError

NAME = "tls-authority.pem"
LASTS = timedelta(days=20 * 365 + 5)
BACKDATED = timedelta(days=1)
"""Phones whose clock is behind would otherwise refuse what was made today."""
BUILT = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock that is right is before it."""
OFFICE_NETWORKS = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8", "fc00::/7",
    "fe80::/10", "::1/128",
)  # fmt: skip
NOWHERE = "invalid"
"""A name that no host ever has (RFC 2606): what is limited to it is limited to nothing."""


@dataclass(frozen=True)
class Authority:
    """The certificate that phones trust, and the key that signs the server's."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def name(self) -> str:
        """As phones list it."""
        return str(self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate as phones show it: pairs of hex digits, separated by colons."""
        return fingerprint_of(self.certificate)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def vouches_for(self, name: str) -> bool:
        """Whether `name` lies within what the authority is limited to."""
        try:
            limits = self.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        except x509.ExtensionNotFound:
            return True
        number = address_of(name)
        for limit in limits.permitted_subtrees or ():
            if isinstance(limit, x509.IPAddress) and number is not None:
                if number in ipaddress.ip_network(limit.value):
                    return True
            elif isinstance(limit, x509.DNSName) and number is None and f".{name}".endswith(f".{limit.value}"):
                return True
        return False


def fingerprint_of(certificate: x509.Certificate) -> str:
    """As `Authority.fingerprint`."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def path_of(data_dir: Path) -> Path:
    """Where the authority lies: key and certificate in one file, so that the two always belong together."""
    return folder_of(data_dir) / NAME


def load(data_dir: Path) -> Authority | None:
    """The authority, None where there is none yet; `SettingsError` when its file cannot be used."""
    path = path_of(data_dir)
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    try:
        key = serialization.load_pem_private_key(text[: text.index(b"-----BEGIN CERTIFICATE")], None)
        certificate = x509.load_pem_x509_certificates(text)[0]
    except (ValueError, TypeError, IndexError) as error:
        raise SettingsError(
            f"{path} is damaged: bring it back from a backup, since every phone trusts this one; without a backup: "
            "assets tls new-authority"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
        raise SettingsError(f"{path}: its key and certificate do not belong together. Bring it back from a backup")
    return Authority(certificate, key)


def make(data_dir: Path, names: tuple[str, ...], now: datetime) -> Authority:
    """A new authority for these names, kept in the data directory; one that is there already counts instead."""
    if now < BUILT:
        raise SettingsError(f"this machine's clock says {now:%Y-%m-%d}: set it, then start again")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Assets"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Assets of {names[0]}"[:64]),
        ]
    )
    public = key.public_key()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_may_sign(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.NameConstraints(_limits(names), None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    write_once(path_of(data_dir), text)
    found = load(data_dir)
    if found is None:
        raise SettingsError(f"{path_of(data_dir)} was taken away while it was made: start again")
    return found


def _limits(names: tuple[str, ...]) -> list[x509.GeneralName]:
    """What is private anyway, and the names chosen; of mail addresses and of other services' addresses, none.

    A kind of name without a limit would be free (RFC 5280, 4.2.1.10): the key could sign mail in anybody's name.
    """
    networks = [ipaddress.ip_network(text) for text in OFFICE_NETWORKS]
    hosts = list(OFFICE_NAMES)
    for name in names:
        number = address_of(name)
        if number is None:
            if not is_one_word(name):
                hosts.append(name)
        elif not any(number in network for network in networks):
            networks.append(ipaddress.ip_network(number))
    none = [x509.RFC822Name(NOWHERE), x509.UniformResourceIdentifier(NOWHERE)]
    return [*map(x509.DNSName, dict.fromkeys(hosts)), *map(x509.IPAddress, networks), *none]


def _may_sign() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
