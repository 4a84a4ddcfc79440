"""Signing in and out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from assets.core.app import App
from assets.people import service
from assets.people.models import Account
from assets.web import create_app
from tests.support.world import PASSWORD, SETUP, Clock, World
from tests.web.conftest import Api, Browser, csrf_token


def test_page_sends_strangers_to_the_login(web: Flask) -> None:
    answer = web.test_client().get("/account")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login?next=/account")


def test_api_answers_strangers_with_a_problem(web: Flask) -> None:
    answer = web.test_client().get("/api/openapi.json")
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert answer.json["code"] == "sign_in_required"


def test_signed_in_page_is_kept_by_no_cache(client_for: Callable[[str], Browser]) -> None:
    answer = client_for("officer").get("/account")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_log_out_ends_the_session_on_the_server(client_for: Callable[[str], Browser]) -> None:
    browser = client_for("officer")
    kept = browser.client.get_cookie("session")
    assert kept is not None
    browser.post("/logout")
    browser.client.set_cookie("session", kept.value)
    assert browser.get("/account").status_code == 302


@pytest.mark.parametrize("change", ["password", "closed"])
def test_access_ends_with_the_password_or_the_account(
    change: str, app: App, world: World, clock: Clock, client_for: Callable[[str], Browser], api: Callable[[str], Api]
) -> None:
    browser, program = client_for("officer"), api("officer")
    assert program.client.get("/api/openapi.json", headers=program.headers).status_code == 200
    with app.transaction(SETUP, clock.now) as session:
        account = session.get_one(Account, world.accounts["officer"].id)
        if change == "password":
            service.set_password(session, SETUP, account, "Boshqa-parol-2026", clock.now)
        else:
            service.end_account(session, SETUP, account, clock.now)
    assert browser.get("/account").status_code == 302
    assert program.client.get("/api/openapi.json", headers=program.headers).status_code == 401


def test_lockout_answers_like_a_wrong_password(web: Flask, app: App, world: World, clock: Clock) -> None:
    def attempt(login: str, password: str) -> tuple[int, str]:
        client = web.test_client()
        answer = client.post("/login", data={"login": login, "password": password, "csrf_token": csrf_token(client)})
        return answer.status_code, answer.get_data(as_text=True).replace(login, "LOGIN")

    wrong = attempt("officer", "wrong-password")
    unknown = attempt("nobody1", "wrong-password")
    for _ in range(service.LOCKOUT_AFTER):
        attempt("officer", "wrong-password")
    locked = attempt("officer", PASSWORD)
    assert wrong[0] == unknown[0] == locked[0] == 401
    assert _without_token(wrong[1]) == _without_token(unknown[1]) == _without_token(locked[1])
    clock.advance(service.LOCKOUT_TIME + timedelta(seconds=1))
    assert attempt("officer", PASSWORD)[0] == 303


def _without_token(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrf" not in line)


def test_form_without_csrf_token_is_refused(client_for: Callable[[str], Browser]) -> None:
    assert client_for("officer").client.post("/logout").status_code == 400


def test_login_leads_nowhere_else(web: Flask, world: World) -> None:
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        client = web.test_client()
        form = {"login": "officer", "password": PASSWORD, "next": target, "csrf_token": csrf_token(client)}
        answer = client.post("/login", data=form)
        assert answer.headers["Location"] == "/"


def test_static_files_do_not_leave_their_folder(web: Flask) -> None:
    for path in ("..%5C..%5Csettings.py", "../settings.py", "%2e%2e/settings.py", "CON", "x/NUL"):
        assert web.test_client().get(f"/static/v/{path}").status_code == 404


def test_languages_that_the_office_does_not_offer_are_not_shown(app: App) -> None:
    chosen = dataclasses.replace(app, settings=dataclasses.replace(app.settings, languages=("uz", "ru")))
    client = create_app(chosen, testing=True).test_client()
    page = client.get("/login", headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert '<html lang="uz">' in page, "the first is for who has not chosen"
    assert 'value="ru"' in page
    assert 'value="en"' not in page
    form = {"locale": "en", "csrf_token": csrf_token(client)}
    assert client.post("/language", data=form).status_code == 400
