"""Certificates that were given: taken when they will do, refused in words when not, changed while the server runs."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from assets.core.tls import certificate, context, given
from assets.core.tls.context import LOOKED_AT_EVERY_S, ServerContext
from assets.settings import Settings, SettingsError

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
Files = Callable[..., tuple[str, str]]


def test_certificate_and_key_that_belong_together_are_taken(files: Files) -> None:
    assert certificate.names_of(given.checked(*files(), NOW)) == {"assets.example.uz"}


def test_key_of_another_certificate_is_refused(files: Files) -> None:
    with pytest.raises(SettingsError, match=r"ASSETS_TLS_KEY: .* is not the key of"):
        given.checked(files()[0], files("other.example.uz")[1], NOW)


@pytest.mark.parametrize(
    ("when", "said"), [(timedelta(days=90), "ended on 2027-02-19"), (timedelta(days=-2), "begins on 2026-11-21")]
)
def test_certificate_outside_its_time_is_refused(when: timedelta, said: str, files: Files) -> None:
    with pytest.raises(SettingsError, match=said):
        given.checked(*files(), NOW + when)


@pytest.mark.parametrize(
    ("which", "content", "said"),
    [
        (0, None, "ASSETS_TLS_CERT: .* cannot be read: No such file"),
        (1, None, "ASSETS_TLS_KEY: .* cannot be read: No such file"),
        (0, b"\x30\x82", "ASSETS_TLS_CERT: .* holds no certificate in PEM form"),
        (0, b"", "ASSETS_TLS_CERT: .* holds no certificate"),
        (1, b"-----BEGIN NONSENSE-----", "ASSETS_TLS_KEY: .* holds no private key"),
    ],
)
def test_file_that_will_not_do_is_named(which: int, content: bytes | None, said: str, files: Files) -> None:
    pair = files()
    path = Path(pair[which])
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=said):
        given.checked(*pair, NOW)


def test_key_with_a_password_is_refused_at_start_instead_of_asking_for_it(files: Files) -> None:
    pair = files()
    locked = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"word"),
    )
    Path(pair[1]).write_bytes(locked)
    with pytest.raises(SettingsError, match="locked with a password"):
        given.checked(*pair, NOW)


@pytest.mark.parametrize("alone", ["ASSETS_TLS_CERT", "ASSETS_TLS_KEY"])
def test_certificate_and_key_are_given_both_or_neither(alone: str) -> None:
    with pytest.raises(SettingsError, match="belong together"):
        Settings.from_environment({alone: "/x.pem"})


def test_settings_of_tls_are_read_from_words() -> None:
    found = Settings.from_environment({"ASSETS_TLS": "yes", "ASSETS_TLS_NAMES": "a.local, 10.0.0.1"})
    assert (found.speaks_tls, found.own_authority, found.tls_names) == (True, True, ("a.local", "10.0.0.1"))
    assert not Settings.from_environment({}).speaks_tls
    given_ones = Settings.from_environment({"ASSETS_TLS_CERT": "/a", "ASSETS_TLS_KEY": "/b"})
    assert (given_ones.speaks_tls, given_ones.own_authority) == (True, False)
    with pytest.raises(SettingsError, match="ASSETS_TLS: yes or no"):
        Settings.from_environment({"ASSETS_TLS": "maybe"})


class Monotonic:
    """A clock of seconds that a test moves."""

    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


def test_renewed_file_counts_within_a_minute_and_a_spoilt_one_does_not_stop_the_server(
    files: Files, tmp_path: Path
) -> None:
    pair, elapsed = files(), Monotonic()
    settings = Settings(data_dir=tmp_path, tls_cert=pair[0], tls_key=pair[1])
    serving = ServerContext(settings, lambda: NOW, elapsed_s=elapsed)
    first = serving.current()
    assert first.minimum_version == ssl.TLSVersion.TLSv1_2
    renewed = files(days=200)
    for old, new in zip(pair, renewed, strict=True):
        Path(new).replace(old)
    assert serving.current() is first
    elapsed.s += LOOKED_AT_EVERY_S
    second = serving.current()
    assert second is not first
    Path(pair[1]).write_bytes(b"half")
    elapsed.s += LOOKED_AT_EVERY_S
    assert serving.current() is second


def test_own_certificate_is_made_anew_while_the_server_runs(office: Settings) -> None:
    moments, elapsed = [NOW], Monotonic()
    serving = ServerContext(office, lambda: moments[-1], elapsed_s=elapsed)
    first = serving.current()
    moments.append(NOW + certificate.LASTS - timedelta(days=10))
    elapsed.s += LOOKED_AT_EVERY_S
    assert serving.current() is not first
    found = certificate.load(office.data_dir)
    assert found is not None
    assert found.not_valid_after_utc > moments[-1] + timedelta(days=300)


def test_server_does_not_begin_without_a_certificate_that_will_do(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, tls_cert="/no/such.crt", tls_key="/no/such.key")
    with pytest.raises(SettingsError, match=r"no/such\.crt cannot be read"):
        context.usable_files(settings, lambda: NOW)
