"""A certificate and key that were given as files: refused in words when they will not do."""

from __future__ import annotations

import ssl
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from assets.settings import SettingsError

CERT, KEY = "ASSETS_TLS_CERT", "ASSETS_TLS_KEY"


def checked(
    certificate_file: str, key_file: str, now: datetime, settings: tuple[str, str] = (CERT, KEY)
) -> x509.Certificate:
    """The server's certificate, the first of its file; `SettingsError` names the file and what is wrong with it.

    `settings` are the keys under which the two were given.
    """
    cert, secret = settings
    certificate = _certificate(cert, certificate_file)
    key = _key(secret, key_file)
    if certificate.public_key() != key.public_key():
        raise SettingsError(f"{secret}: {key_file} is not the key of the certificate in {certificate_file}")
    if now > certificate.not_valid_after_utc:
        raise SettingsError(f"{cert}: {certificate_file} ended on {certificate.not_valid_after_utc:%Y-%m-%d}")
    if now < certificate.not_valid_before_utc:
        raise SettingsError(
            f"{cert}: {certificate_file} begins on {certificate.not_valid_before_utc:%Y-%m-%d}, and this machine's "
            f"clock says {now:%Y-%m-%d}"
        )
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate_file, key_file)
    except (ssl.SSLError, OSError) as error:
        raise SettingsError(f"{cert}: {certificate_file} cannot be used for a server: {error}") from error
    return certificate


def _certificate(setting: str, path: str) -> x509.Certificate:
    content = _content(setting, path)
    try:
        return x509.load_pem_x509_certificates(content)[0]
    except (ValueError, IndexError) as error:
        raise SettingsError(
            f"{setting}: {path} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
        ) from error


def _key(setting: str, path: str) -> PrivateKeyTypes:
    content = _content(setting, path)
    try:
        return serialization.load_pem_private_key(content, None)
    except TypeError as error:
        raise SettingsError(f"{setting}: {path} is locked with a password: give a key without one") from error
    except ValueError as error:
        raise SettingsError(f"{setting}: {path} holds no private key in PEM form") from error


def _content(key: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise SettingsError(f"{key}: {path} cannot be read: {error.strerror}") from error
