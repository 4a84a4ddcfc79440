"""The server's certificate of the office's own authority: short-lived, and made anew by itself before it is refused."""

from __future__ import annotations

import ipaddress
import logging
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from assets.core.tls import authority as authorities
from assets.core.tls.authority import BACKDATED, Authority
from assets.core.tls.names import address_of, wanted_names
from assets.core.tls.storing import folder_of, one_at_a_time, write_over
from assets.settings import Settings, SettingsError

NAME = "tls-server.pem"
LASTS = timedelta(days=396)
"""With the day before, 397: iPhones refuse more than 398 days, and other systems go the same way."""
RENEWED_BEFORE = timedelta(days=60)
log = logging.getLogger("assets.tls")


def path_of(data_dir: Path) -> Path:
    """Key, certificate and authority in one file, so that they are exchanged together."""
    return folder_of(data_dir) / NAME


def names_of(certificate: x509.Certificate) -> frozenset[str]:
    """What a certificate is for."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset([*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress))])


def covers(names: frozenset[str], name: str) -> bool:
    """Whether a certificate with these names is accepted at `name`; a `*` stands for one label (RFC 6125)."""
    return name in names or (address_of(name) is None and f"*.{name.partition('.')[2]}" in names)


def load(data_dir: Path) -> x509.Certificate | None:
    """The server's certificate as it is; None where there is none or it is damaged, since a new one is made then."""
    try:
        text = path_of(data_dir).read_bytes()
        serialization.load_pem_private_key(text[: text.index(b"-----BEGIN CERTIFICATE")], None)
        return x509.load_pem_x509_certificates(text)[0]
    except (FileNotFoundError, ValueError, TypeError, IndexError):
        return None


def why_due(certificate: x509.Certificate | None, authority: Authority, names: tuple[str, ...], now: datetime) -> str:
    """Why a new certificate has to be made; empty while the present one does."""
    if certificate is None:
        return "there is none yet"
    try:
        certificate.verify_directly_issued_by(authority.certificate)
    except Exception:  # noqa: BLE001  # a wrong issuer, signature or kind of key, each with an error of its own
        return "the authority is another one"
    if not certificate.not_valid_before_utc <= now:
        return "its time has not begun"
    ends = certificate.not_valid_after_utc
    if now > ends - RENEWED_BEFORE and ends < authority.certificate.not_valid_after_utc:
        return f"it ends on {ends:%Y-%m-%d}"
    missing = [name for name in names if name not in names_of(certificate)]
    return f"it is not for {', '.join(missing)}" if missing else ""


def vouched_names(authority: Authority, settings: Settings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(names that the certificate gets, names that are wanted and lie outside what the authority is limited to)."""
    wanted = wanted_names(settings)
    inside = tuple(name for name in wanted if authority.vouches_for(name))
    return inside, tuple(name for name in wanted if name not in inside)


def ready(settings: Settings, now: datetime) -> Path:
    """The file of the server's key and certificate, of an authority that is made where there is none.

    It is made anew when it ends soon, when this machine's names or addresses are others, and when the authority is.
    """
    data_dir = settings.data_dir
    with one_at_a_time(data_dir):
        authority = authorities.load(data_dir)
        if authority is None:
            authority = authorities.make(data_dir, wanted_names(settings), now)
            log.warning(
                "the office's own authority was made; its SHA-256 fingerprint, to compare on phones: %s",
                authority.fingerprint,
            )
        if now > authority.certificate.not_valid_after_utc:
            raise SettingsError(
                f"the office's authority ended on {authority.certificate.not_valid_after_utc:%Y-%m-%d}: "
                "assets tls new-authority, and then every phone trusts the new one at /trust"
            )
        names, outside = vouched_names(authority, settings)
        if why := why_due(load(data_dir), authority, names, now):
            write_over(path_of(data_dir), _issued(authority, names, now))
            log.info("a new certificate for %s, since %s", ", ".join(names), why)
            if outside:
                log.warning(
                    "the authority was made for other names and cannot vouch for %s: see assets doctor",
                    ", ".join(outside),
                )
    return path_of(data_dir)


def replace_authority(settings: Settings, now: datetime) -> Authority:
    """A new authority in place of the present one, whose certificate is kept beside it; every phone has to trust anew.

    The old key is not kept: phones still believe whoever holds it.
    """
    data_dir, names = settings.data_dir, wanted_names(settings)
    path = authorities.path_of(data_dir)
    aside = path.with_name(f"tls-authority-until-{now:%Y-%m-%dT%H%M%SZ}.pem")
    with one_at_a_time(data_dir):
        was_there = path.exists()
        if was_there:
            path.rename(aside)
        try:
            made = authorities.make(data_dir, names, now)
        except BaseException:
            if was_there:
                aside.rename(path)
            raise
        if was_there:
            _take_key_out(aside)
    ready(settings, now)
    return made


def _take_key_out(path: Path) -> None:
    """Leave an authority's certificate alone in its file; of a damaged one, where it cannot be told, nothing."""
    try:
        certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (ValueError, IndexError):
        path.unlink()
    else:
        write_over(path, certificate.public_bytes(serialization.Encoding.PEM))


def _issued(authority: Authority, names: tuple[str, ...], now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate
    entries: list[x509.GeneralName] = []
    for name in names:
        number = address_of(name)
        entries.append(x509.DNSName(name) if number is None else x509.IPAddress(ipaddress.ip_address(name)))
    certificate = (
        x509.CertificateBuilder()
        # The names stand among the alternative ones only: where a subject looks like a name, limits count for it too.
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Assets server")]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(max(now - BACKDATED, issuer.not_valid_before_utc))
        .not_valid_after(min(now + LASTS, issuer.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName(entries), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_may_serve(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM) + authority.pem


def _may_serve() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
