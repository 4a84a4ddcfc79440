"""Attacks on the door: fixed sessions, guessed names and passwords, forged addresses and hosts."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from argon2 import extract_parameters
from flask import Flask, request, request_started
from flask.testing import FlaskClient
from sqlalchemy import select

from assets.core.app import App
from assets.core.journal import JournalEntry
from assets.people import service
from assets.people.models import Account, SignIn
from assets.people.service.passwords import UNKNOWN_HASH, hash_password
from assets.web import create_app
from tests.support.engines import ON_ONE_ENGINE
from tests.support.world import PASSWORD, SETUP, Clock, World
from tests.web.conftest import Browser, csrf_token


def sign_in(client: FlaskClient, login: str = "officer", password: str = PASSWORD, **keywords: Any) -> int:
    form = {"login": login, "password": password, "csrf_token": csrf_token(client)}
    return client.post("/login", data=form, **keywords).status_code


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie("session")
    assert found is not None
    return found.value


def test_session_laid_upon_somebody_before_he_signs_in_stays_nobodys(web: Flask, world: World) -> None:
    attacker, victim = web.test_client(), web.test_client()
    attacker.get("/login")
    laid = cookie(attacker)
    victim.set_cookie("session", laid)
    assert sign_in(victim) == 303
    assert cookie(victim) != laid
    assert victim.get("/account").status_code == 200
    assert attacker.get("/account").status_code == 302


def test_signing_in_makes_a_new_session_and_ends_the_one_before(
    web: Flask, app: App, world: World, client_for: Callable[[str], Browser]
) -> None:
    browser = client_for("officer")
    before = cookie(browser.client)
    form = {"login": "commander", "password": PASSWORD, "csrf_token": browser.token()}
    assert browser.client.post("/login", data=form).status_code == 303
    assert cookie(browser.client) != before
    copied = web.test_client()
    copied.set_cookie("session", before)
    assert copied.get("/account").status_code == 302, "the one before was still signed in"
    with app.reading() as session:
        assert len(set(session.scalars(select(SignIn.secret_hash)))) == 2


def test_address_that_guesses_is_locked_out_and_others_are_not(
    web: Flask, app: App, world: World, clock: Clock
) -> None:
    with app.transaction(SETUP, clock.now) as session:
        for n in range(service.ADDRESS_LOCKOUT_AFTER):
            service.sign_in(session, login=f"name{n}", account_id=None, address="10.0.0.9", now=clock.now)
    assert sign_in(web.test_client(), environ_base={"REMOTE_ADDR": "10.0.0.9"}) == 401
    assert sign_in(web.test_client(), environ_base={"REMOTE_ADDR": "10.0.0.8"}) == 303
    clock.advance(service.LOCKOUT_TIME)
    assert sign_in(web.test_client(), environ_base={"REMOTE_ADDR": "10.0.0.9"}) == 303


@ON_ONE_ENGINE
def test_unknown_login_costs_as_much_as_a_wrong_password(app: App, world: World, clock: Clock) -> None:
    kept = hash_password("Boshqa-parol-2026")
    assert extract_parameters(UNKNOWN_HASH) == extract_parameters(kept)
    with app.transaction(SETUP, clock.now) as session:
        officer = session.get_one(Account, world.accounts["officer"].id)
        closed = session.get_one(Account, world.accounts["technician"].id)
        officer.password_hash = closed.password_hash = kept
        closed.active = False

    def seconds(login: str) -> float:
        began = time.process_time()
        with app.reading() as session:
            assert service.matching_account(session, login, "wrong-password") is None
        return time.process_time() - began

    spent = {login: min(seconds(login) for _ in range(3)) for login in ("officer", "nobody", "technician")}
    assert min(spent.values()) > max(spent.values()) / 3, spent


@pytest.mark.parametrize(
    ("proxies", "counted"), [(0, "127.0.0.1"), (1, "203.0.113.7"), (2, "198.51.100.4")], ids=["none", "one", "two"]
)
def test_forwarded_address_counts_from_as_many_proxies_as_are_set_and_none_by_default(
    app: App, world: World, proxies: int, counted: str
) -> None:
    assert app.settings.trusted_proxies == 0
    behind = dataclasses.replace(app, settings=dataclasses.replace(app.settings, trusted_proxies=proxies))
    client = create_app(behind, testing=True).test_client()
    forged = {
        "X-Forwarded-For": "6.6.6.6, 198.51.100.4, 203.0.113.7",
        "X-Real-IP": "6.6.6.6",
        "Forwarded": "for=6.6.6.6",
    }
    assert sign_in(client, password="wrong-password", headers=forged) == 401
    with app.reading() as session:
        body = session.scalars(select(JournalEntry.body).where(JournalEntry.entity == "login")).one()
    assert f'"{counted}"' in body
    assert "6.6.6.6" not in body


def _note_host(hosts: set[str], _sender: Flask, **_: object) -> None:
    hosts.add(request.host)


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "X-Host", "Forwarded"])
def test_foreign_host_stands_in_no_page_link_or_redirect(
    header: str, web: Flask, client_for: Callable[[str], Browser]
) -> None:
    headers = {header: "host=evil.example" if header == "Forwarded" else "evil.example"}
    if header == "Host":
        # The cookie belongs to the host that set it.
        stranger = web.test_client()
        paths = ("/", "/assets", "/login", "/summaries", "/health", "/assets//CODE")
        answers = [stranger.get(path, headers=headers) for path in paths]
    else:
        browser = client_for("coordinator")
        believed: set[str] = set()
        note = partial(_note_host, believed)
        paths = ("/", "/labels", "/assets", "/account", "/documents", "/assets//CODE")
        with request_started.connected_to(note, web):
            answers = [browser.get(path, headers=headers) for path in paths]
        assert believed == {"localhost"}
    for answer in answers:
        assert answer.status_code in {200, 302, 404}, answer.request.path
        assert "evil" not in answer.get_data(as_text=True) + str(answer.headers), answer.request.path
