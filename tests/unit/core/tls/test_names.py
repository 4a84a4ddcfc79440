"""The names that the certificate is for."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from assets.core.tls.names import (
    LOOPBACK,
    MOST_NAMES,
    checked_name,
    first_name,
    https_address,
    machine_names,
    trust_address,
    wanted_names,
)
from assets.settings import Settings, SettingsError


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Assets.Example.UZ.", "assets.example.uz"),
        ("idora.local", "idora.local"),
        ("localhost", "localhost"),
        ("192.168.1.10", "192.168.1.10"),
        ("[FD00:0::1]", "fd00::1"),
        ("ўзбек.uz", "xn--90a7bp1c.uz"),
    ],
)
def test_name_is_kept_as_a_certificate_holds_it(typed: str, kept: str) -> None:
    if typed.startswith("ў"):
        kept = typed.encode("idna").decode()
    assert checked_name(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["", "https://a.uz", "a.uz:8000", "a b", "-a.uz", "a..uz", "*.uz", "300.1.1.1", "a_b", "a" * 64, "a/b", "a@b"],
)
def test_what_no_certificate_may_hold_is_refused_by_name(typed: str) -> None:
    with pytest.raises(SettingsError, match="ASSETS_TLS_NAMES"):
        checked_name(typed)


@pytest.mark.parametrize("typed", ["uz", "UZ.", "com", "idora", "узб"])
def test_one_word_is_no_name_since_all_that_ends_in_it_would_be_ours(typed: str) -> None:
    with pytest.raises(SettingsError, match=r"ASSETS_TLS_NAMES: .* is one word"):
        checked_name(typed)


def test_link_to_one_word_is_followed_and_stops_nothing() -> None:
    settings = Settings(tls_names=("a.local",), base_url="https://idora:8000")
    assert first_name(settings) == "idora"
    assert "idora" in wanted_names(settings)


def test_chosen_names_take_the_place_of_the_machines_own() -> None:
    settings = Settings(tls_names=("idora.local", "10.0.0.5"), base_url="https://assets.example.uz:8443")
    assert wanted_names(settings) == ("idora.local", "10.0.0.5", "assets.example.uz", *LOOPBACK)


def test_without_a_choice_the_machine_is_known_by_its_own_name_and_under_local() -> None:
    names = wanted_names(Settings())
    assert set(LOOPBACK) <= set(names)
    short = socket.gethostname().split(".")[0].lower()
    if short != "localhost" and "_" not in short:
        assert names[0] == f"{short}.local"
    for name in machine_names():
        assert checked_name(name) == name
        assert name not in LOOPBACK


def test_own_addresses_are_those_that_another_machine_can_reach() -> None:
    numbers = [ipaddress.ip_address(name) for name in machine_names() if name.replace(".", "").isdigit() or ":" in name]
    assert all(not number.is_loopback and not number.is_link_local for number in numbers)


def test_many_names_make_no_endless_certificate() -> None:
    assert len(wanted_names(Settings(tls_names=tuple(f"n{i}.local" for i in range(200))))) == MOST_NAMES


@pytest.mark.parametrize(
    ("settings", "trust", "https"),
    [
        (Settings(tls_names=("idora.local",), listen="0.0.0.0:8000"), "http://idora.local:8000/trust", ":8000"),
        (Settings(tls_names=("idora.local",), listen="0.0.0.0:443", trust_listen="0.0.0.0:80"),
         "http://idora.local/trust", ""),
        (Settings(tls_names=("fd00::1",), listen="[::]:8443"), "http://[fd00::1]:8443/trust", ":8443"),
    ],
)  # fmt: skip
def test_phones_are_told_where_the_page_is_in_plain_http(settings: Settings, trust: str, https: str) -> None:
    assert trust_address(settings) == trust
    assert https_address(settings, "idora.local") == f"https://idora.local{https}"


def test_address_that_people_are_told_is_the_one_that_links_lead_to() -> None:
    assert first_name(Settings(tls_names=("a.local",), base_url="https://b.example.uz")) == "b.example.uz"
    assert first_name(Settings(tls_names=("a.local",))) == "a.local"
