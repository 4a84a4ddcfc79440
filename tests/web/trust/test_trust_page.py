"""The page on trust, and what it offers: for everybody, in each language, without a word that is not true."""

from __future__ import annotations

import dataclasses
import plistlib
import re

import pytest
from cryptography import x509
from flask import Flask

from assets.core.app import App
from assets.core.tls import authority, certificate
from assets.core.tls.authority import Authority
from tests.support.engines import ON_ONE_ENGINE
from tests.support.world import Clock

pytestmark = ON_ONE_ENGINE


@pytest.fixture
def own(app: App, web: Flask, clock: Clock) -> Authority:
    """The office has an authority of its own."""
    settings = dataclasses.replace(app.settings, tls="yes", tls_names=("idora.local",))
    certificate.ready(settings, clock.now)
    web.extensions["assets"] = dataclasses.replace(app, settings=settings)
    made = authority.load(settings.data_dir)
    assert made is not None
    return made


def test_stranger_reads_how_and_compares_the_fingerprint(web: Flask, own: Authority) -> None:
    page = web.test_client().get("/trust").get_data(as_text=True)
    lines = re.findall(r"<span>([0-9A-F:]+)</span>", page.split('data-testid="fingerprint">')[1].split("</code>")[0])
    assert ":".join(lines) == own.fingerprint
    for device in ("Android", "iPhone", "Windows"):
        assert f"<h2>{device}" in page
    assert own.name in page


def test_steps_of_the_own_device_stand_open_and_all_where_it_is_not_known(web: Flask, own: Authority) -> None:
    def opened(agent: str) -> list[str]:
        page = web.test_client().get("/trust", headers={"User-Agent": agent}).get_data(as_text=True)
        return re.findall(r'data-device="(\w+)" open', page)

    assert opened("Mozilla/5.0 (Linux; Android 14; SM-A155F)") == ["android"]
    assert opened("Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X)") == ["iphone"]
    assert opened("Mozilla/5.0 (Windows NT 10.0; Win64; x64)") == ["windows"]
    assert opened("") == ["android", "iphone", "windows"]


@pytest.mark.parametrize("lang", ["en", "ru", "uz"])
def test_language_stands_in_the_address_since_plain_http_keeps_no_cookie(lang: str, web: Flask, own: Authority) -> None:
    page = web.test_client().get(f"/trust?lang={lang}").get_data(as_text=True)
    assert f'<html lang="{lang}">' in page
    assert 'action="/language"' not in page


def test_authority_is_offered_to_each_device_in_its_own_form(web: Flask, own: Authority) -> None:
    client = web.test_client()
    der = client.get("/trust/assets-authority.crt")
    assert der.content_type == "application/x-x509-ca-cert"
    assert x509.load_der_x509_certificate(der.data) == own.certificate
    pem = client.get("/trust/assets-authority.pem")
    assert x509.load_pem_x509_certificate(pem.data) == own.certificate
    assert b"PRIVATE" not in pem.data
    profile = client.get("/trust/assets.mobileconfig")
    assert profile.content_type == "application/x-apple-aspen-config"
    assert plistlib.loads(profile.data)["PayloadContent"][0]["PayloadContent"] == own.der


def test_check_may_be_asked_from_the_page_in_plain_http(web: Flask) -> None:
    answer = web.test_client().get("/trust/check")
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert "Set-Cookie" not in answer.headers


def test_page_in_plain_http_may_ask_this_server_over_https_and_nobody_else(web: Flask, own: Authority) -> None:
    plain = {"assets.https": "https://idora.local:8443"}
    answer = web.test_client().get("/trust", environ_overrides=plain)
    assert "connect-src 'self' https://idora.local:8443;" in answer.headers["Content-Security-Policy"]
    assert 'href="https://idora.local:8443/login"' in answer.get_data(as_text=True)
    usual = web.test_client().get("/trust").headers["Content-Security-Policy"]
    assert "connect-src 'self';" in usual


def test_no_browser_is_told_to_keep_to_https_where_the_authority_may_change(web: Flask, own: Authority) -> None:
    over_https = web.test_client().get("/trust", base_url="https://idora.local")
    assert "Strict-Transport-Security" not in over_https.headers


def test_with_a_certificate_that_all_trust_browsers_keep_to_https(web: Flask) -> None:
    over_https = web.test_client().get("/login", base_url="https://assets.example.uz")
    assert "max-age" in over_https.headers["Strict-Transport-Security"]


def test_without_an_authority_there_is_nothing_to_install_and_nothing_to_fetch(web: Flask) -> None:
    client = web.test_client()
    page = client.get("/trust").get_data(as_text=True)
    assert "There is nothing to install here" in page
    assert "assets-authority" not in page
    for file in ("assets-authority.crt", "assets-authority.pem", "assets.mobileconfig"):
        assert client.get(f"/trust/{file}").status_code == 404


def test_sign_in_page_leads_there_where_phones_would_warn(web: Flask, own: Authority) -> None:
    assert 'href="/trust"' in web.test_client().get("/login").get_data(as_text=True)


def test_sign_in_page_says_nothing_of_it_where_no_phone_warns(web: Flask) -> None:
    assert 'href="/trust"' not in web.test_client().get("/login").get_data(as_text=True)
