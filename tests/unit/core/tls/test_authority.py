"""The office's own authority and the server's certificate: what they are for, how long, and when they are made anew."""

from __future__ import annotations

import dataclasses
import plistlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from assets.core.tls import authority, certificate
from assets.core.tls.authority import Authority
from assets.core.tls.profile import mobileconfig
from assets.safekeeping.contents import kept_files
from assets.settings import Settings, SettingsError

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LONGEST_THAT_PHONES_TAKE = timedelta(days=397)


def issued(settings: Settings, now: datetime = NOW) -> x509.Certificate:
    certificate.ready(settings, now)
    found = certificate.load(settings.data_dir)
    assert found is not None
    return found


def own(settings: Settings) -> Authority:
    found = authority.load(settings.data_dir)
    assert found is not None
    return found


def test_certificate_is_for_the_chosen_names_and_short_enough_for_phones(office: Settings) -> None:
    found = issued(office)
    assert certificate.names_of(found) == {"idora.local", "192.168.7.20", "localhost", "127.0.0.1", "::1"}
    assert found.not_valid_after_utc - found.not_valid_before_utc <= LONGEST_THAT_PHONES_TAKE
    assert found.not_valid_before_utc < NOW, "a phone whose clock is behind takes it as well"
    found.verify_directly_issued_by(own(office).certificate)


def test_authority_lasts_twenty_years_and_lies_with_the_secrets_for_its_owner_alone(office: Settings) -> None:
    issued(office)
    lasts = own(office).certificate.not_valid_after_utc - NOW
    assert timedelta(days=20 * 365) < lasts < timedelta(days=20 * 366)
    folder = office.data_dir / "secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in folder.iterdir()) == ["tls-authority.pem", "tls-server.pem"]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_authority_can_vouch_for_this_office_and_for_no_other_site(office: Settings) -> None:
    issued(office)
    for name in ("idora.local", "other.local", "192.168.7.20", "10.1.2.3", "fd12::1", "localhost", "pc.lan"):
        assert own(office).vouches_for(name), name
    for name in ("bank.uz", "google.com", "notlocal", "8.8.8.8", "2001:4860::1", "local.evil.com"):
        assert not own(office).vouches_for(name), name
    limits = own(office).certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical, "who does not understand the limits refuses the authority"


def test_authority_is_for_servers_of_pages_and_for_no_mail_and_no_other_address(office: Settings) -> None:
    issued(office)
    extensions = own(office).certificate.extensions
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    limits = extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    for kind in (x509.RFC822Name, x509.UniformResourceIdentifier):
        assert [limit.value for limit in limits if isinstance(limit, kind)] == ["invalid"], kind


def test_link_to_one_word_does_not_widen_the_authority(office: Settings) -> None:
    linked = dataclasses.replace(office, base_url="https://uz")
    assert "uz" not in certificate.names_of(issued(linked))
    assert not own(linked).vouches_for("bank.uz")
    assert certificate.vouched_names(own(linked), linked)[1] == ("uz",)


def test_chosen_names_of_the_internet_lie_within_the_authority_that_is_made_for_them(office: Settings) -> None:
    chosen = dataclasses.replace(office, tls_names=("assets.example.uz", "198.51.100.7"))
    assert {"assets.example.uz", "198.51.100.7"} <= certificate.names_of(issued(chosen))
    assert not own(chosen).vouches_for("example.uz")
    assert not own(chosen).vouches_for("198.51.100.8")


def test_nothing_is_made_anew_while_the_certificate_does(office: Settings) -> None:
    first = issued(office)
    assert issued(office, NOW + certificate.LASTS - certificate.RENEWED_BEFORE - timedelta(days=1)) == first


@pytest.mark.parametrize("days_left", [59, 1, -1, -400])
def test_certificate_is_made_anew_before_it_ends_and_after(days_left: int, office: Settings) -> None:
    first, trusted = issued(office), own(office).fingerprint
    later = first.not_valid_after_utc - timedelta(days=days_left)
    second = issued(office, later)
    assert second != first
    assert second.not_valid_before_utc < later < second.not_valid_after_utc
    assert own(office).fingerprint == trusted, "phones trust what they trusted"


def test_new_name_makes_a_new_certificate_and_a_lost_one_does_not(office: Settings) -> None:
    first = issued(office)
    fewer = dataclasses.replace(office, tls_names=("idora.local",))
    assert issued(fewer) == first
    more = dataclasses.replace(office, tls_names=("idora.local", "10.9.8.7"))
    assert "10.9.8.7" in certificate.names_of(issued(more))


def test_name_outside_the_authority_is_left_out_and_stops_nothing(office: Settings) -> None:
    issued(office)
    moved = dataclasses.replace(office, base_url="https://assets.example.uz")
    assert "assets.example.uz" not in certificate.names_of(issued(moved))
    assert certificate.vouched_names(own(moved), moved)[1] == ("assets.example.uz",)
    certificate.replace_authority(moved, NOW)
    assert "assets.example.uz" in certificate.names_of(issued(moved))


def test_another_authority_brought_back_from_a_backup_makes_a_certificate_of_its_own(
    office: Settings, tmp_path: Path
) -> None:
    issued(office)
    kept = dict(kept_files(office))
    assert "secrets/tls-authority.pem" in kept, "the backup holds what every phone trusts"
    assert "secrets/tls-server.pem" not in kept, "it is made anew"
    other = dataclasses.replace(office, data_dir=tmp_path / "other")
    other.data_dir.mkdir()
    issued(other)
    authority.path_of(other.data_dir).write_bytes(kept["secrets/tls-authority.pem"].read_bytes())
    issued(other).verify_directly_issued_by(own(office).certificate)


def test_new_authority_keeps_the_old_certificate_beside_it_and_never_its_key(office: Settings) -> None:
    issued(office)
    before = own(office).pem
    made = certificate.replace_authority(office, NOW)
    assert made.fingerprint == own(office).fingerprint
    aside = list((office.data_dir / "secrets").glob("tls-authority-until-*.pem"))
    assert [path.read_bytes() for path in aside] == [before]
    assert [path.stat().st_mode & 0o777 for path in aside] == [0o600]
    assert b"PRIVATE KEY" not in b"".join(path.read_bytes() for path in aside)
    issued(office).verify_directly_issued_by(made.certificate)


@pytest.mark.parametrize("damage", [b"", b"-----BEGIN PRIVATE KEY-----\nabc"])
def test_new_authority_takes_the_place_of_a_damaged_one_and_leaves_no_key(damage: bytes, office: Settings) -> None:
    issued(office)
    authority.path_of(office.data_dir).write_bytes(damage)
    made = certificate.replace_authority(office, NOW)
    issued(office).verify_directly_issued_by(made.certificate)
    assert list((office.data_dir / "secrets").glob("tls-authority-until-*.pem")) == []


def test_authority_that_phones_trust_stays_when_no_new_one_can_be_made(office: Settings) -> None:
    issued(office)
    before = authority.path_of(office.data_dir).read_bytes()
    with pytest.raises(SettingsError, match="clock"):
        certificate.replace_authority(office, datetime(2020, 1, 1, tzinfo=UTC))
    assert authority.path_of(office.data_dir).read_bytes() == before
    assert list((office.data_dir / "secrets").glob("tls-authority-until-*.pem")) == []


@pytest.mark.parametrize("damage", ["empty", "half", "foreign key"])
def test_damaged_authority_is_never_replaced_by_itself(damage: str, office: Settings, tmp_path: Path) -> None:
    issued(office)
    path = authority.path_of(office.data_dir)
    text = path.read_bytes()
    if damage == "foreign key":
        other = dataclasses.replace(office, data_dir=tmp_path / "other")
        other.data_dir.mkdir()
        issued(other)
        begins = text.index(b"-----BEGIN CERTIFICATE")
        foreign = authority.path_of(other.data_dir).read_bytes()
        text = foreign[: foreign.index(b"-----BEGIN CERTIFICATE")] + text[begins:]
    path.write_bytes({"empty": b"", "half": text[: len(text) // 2]}.get(damage, text))
    spoilt = path.read_bytes()
    with pytest.raises(SettingsError, match="backup"):
        certificate.ready(office, NOW)
    assert path.read_bytes() == spoilt


def test_damaged_certificate_is_made_anew(office: Settings) -> None:
    certificate.ready(office, NOW)
    path = certificate.path_of(office.data_dir)
    path.write_bytes(path.read_bytes()[:300])
    issued(office)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path)


def test_no_authority_is_made_by_a_clock_that_was_never_set(office: Settings) -> None:
    with pytest.raises(SettingsError, match="clock says 1970-01-02"):
        certificate.ready(office, datetime(1970, 1, 2, tzinfo=UTC))
    assert authority.load(office.data_dir) is None


def test_ended_authority_is_told_with_what_to_do(office: Settings) -> None:
    issued(office)
    late = NOW + authority.LASTS + timedelta(days=1)
    with pytest.raises(SettingsError, match="assets tls new-authority"):
        certificate.ready(office, late)


def test_no_certificate_outlives_its_authority(office: Settings) -> None:
    issued(office)
    ends = own(office).certificate.not_valid_after_utc
    late = ends - timedelta(days=20)
    last = issued(office, late)
    assert last.not_valid_after_utc == ends
    assert issued(office, late + timedelta(days=1)) == last, "nothing better can be made"


def test_profile_for_iphones_holds_the_authority_and_is_the_same_each_time(office: Settings) -> None:
    issued(office)
    found = plistlib.loads(mobileconfig(own(office), "Idora", "why"))
    inner = found["PayloadContent"][0]
    assert inner["PayloadType"] == "com.apple.security.root"
    assert x509.load_der_x509_certificate(inner["PayloadContent"]) == own(office).certificate
    assert inner["PayloadUUID"] != found["PayloadUUID"]
    assert mobileconfig(own(office), "Idora", "why") == mobileconfig(own(office), "Idora", "why")


@pytest.mark.parametrize(
    ("name", "covered"),
    [("a.uz", True), ("x.b.uz", True), ("b.uz", False), ("y.x.b.uz", False), ("10.0.0.1", False), ("c.uz", False)],
)
def test_star_stands_for_one_label(name: str, covered: bool) -> None:
    assert certificate.covers(frozenset({"a.uz", "*.b.uz", "*.0.0.1"}), name) is covered
