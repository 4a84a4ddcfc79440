"""Administration: roles take effect with the next request, tokens are shown once, the journal can be verified."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from assets.core import anchor
from assets.core.app import App
from assets.people.models import Account, ApiToken, RoleGrant
from tests.support.world import PASSWORD, Clock, World
from tests.web.conftest import Api, Browser


def page_of(world: World, login: str) -> str:
    return f"/admin/accounts/{world.accounts[login].id}"


def grant_of(app: App, world: World, login: str) -> int:
    with app.reading() as session:
        return session.scalars(select(RoleGrant.id).where(RoleGrant.account_id == world.accounts[login].id)).one()


def test_a_role_that_is_granted_or_ended_counts_from_the_next_request(
    app: App, client_for: Callable[[str], Browser], world: World, clock: Clock
) -> None:
    admin, officer = client_for("administrator"), client_for("officer")
    assert officer.get("/import").status_code == 403
    granted = admin.post(f"{page_of(world, 'officer')}/roles", {"role": "logistics_officer", "unit": "IMT-TK"})
    assert granted.status_code == 303
    assert officer.get("/import").status_code == 200
    with app.reading() as session:
        newest = session.scalars(select(RoleGrant.id).order_by(RoleGrant.id.desc())).first()
    clock.advance(timedelta(seconds=1))
    admin.post(f"{page_of(world, 'officer')}/roles/{newest}/end")
    assert officer.get("/import").status_code == 403


def test_a_role_holds_between_its_days(client_for: Callable[[str], Browser], world: World, clock: Clock) -> None:
    admin = client_for("administrator")
    form = {"role": "auditor", "valid_from": "2026-11-03", "valid_until": "2026-11-04"}
    assert admin.post(f"{page_of(world, 'officer')}/roles", form).status_code == 303
    for day, status in ((0, 403), (1, 200), (2, 403)):
        clock.now = clock.now.replace(day=2) + timedelta(days=day)
        assert client_for("officer").get("/journal").status_code == status


@pytest.mark.parametrize(
    "form",
    [
        {"role": "king"},
        {"role": "donor"},
        {"role": "commander"},
        {"role": "officer", "unit": "IMT-TK", "region": "UZ-FA"},
        {"role": "officer", "valid_from": "2026-12-01", "valid_until": "2026-11-30"},
        {"role": "officer", "valid_from": "soon"},
    ],
)
def test_a_role_that_cannot_be_is_refused(
    client_for: Callable[[str], Browser], world: World, form: dict[str, str]
) -> None:
    answer = client_for("administrator").post(f"{page_of(world, 'officer')}/roles", form)
    assert answer.status_code in {400, 422}
    assert 'class="errors"' in answer.get_data(as_text=True)


def test_a_new_account_can_sign_in(web: Flask, client_for: Callable[[str], Browser]) -> None:
    form = {"login": "Yangi.Xodim", "password": "Juda-uzun-parol", "role": "officer", "unit": "IMT-FA", "locale": "uz"}
    admin = client_for("administrator")
    assert admin.post("/admin/accounts/new", form).status_code == 303
    again = admin.post("/admin/accounts/new", form)
    assert again.status_code == 409
    assert "Juda-uzun-parol" not in again.get_data(as_text=True)
    from tests.web.conftest import csrf_token

    client = web.test_client()
    signed = client.post("/login", data={**form, "login": "yangi.xodim", "csrf_token": csrf_token(client)})
    assert signed.status_code == 303


def test_closing_an_account_and_setting_its_password_end_its_sign_ins(
    client_for: Callable[[str], Browser], world: World
) -> None:
    admin = client_for("administrator")
    for action, form in (("password", {"password": "Boshqa-parol-77"}), ("end", {})):
        login = "officer" if action == "password" else "technician"
        other = client_for(login)
        assert other.get("/account").status_code == 200
        assert admin.post(f"{page_of(world, login)}/{action}", form).status_code == 303
        assert other.get("/account").status_code == 302


def test_administrators_do_not_shut_themselves_out(
    app: App, client_for: Callable[[str], Browser], world: World
) -> None:
    admin, own = client_for("administrator"), page_of(world, "administrator")
    assert admin.post(f"{own}/end").status_code == 422
    assert admin.post(f"{own}/roles/{grant_of(app, world, 'administrator')}/end").status_code == 422
    assert admin.get("/admin").status_code == 200


def test_a_grant_is_ended_under_its_own_account_only(
    app: App, client_for: Callable[[str], Browser], world: World
) -> None:
    answer = client_for("administrator").post(f"{page_of(world, 'officer')}/roles/{grant_of(app, world, 'donor')}/end")
    assert answer.status_code == 404


@pytest.mark.parametrize("login", ["coordinator", "logistics_officer", "auditor", "donor"])
def test_administration_is_for_administrators(client_for: Callable[[str], Browser], world: World, login: str) -> None:
    browser = client_for(login)
    for path in ("/admin", "/admin/accounts", page_of(world, "officer"), "/admin/organisations", "/admin/units"):
        assert browser.get(path).status_code == 403
    form = {"role": "administrator"}
    assert browser.post(f"{page_of(world, login)}/roles", form).status_code == 403


def test_protected_fields_in_a_form_change_nothing(
    app: App, client_for: Callable[[str], Browser], world: World
) -> None:
    officer = world.accounts["officer"].id
    client_for("coordinator").post(
        f"/people/{world.persons['P-002'].id}/edit",
        {
            "unit": "IMT-TK",
            "id": "1",
            "role": "administrator",
            "active": "0",
            "account_id": str(officer),
            "number": "P-X",
        },
    )
    with app.reading() as session:
        account = session.get_one(Account, officer)
        assert [grant.role for grant in account.grants] == ["officer"]
        assert account.active
        assert account.person is not None
        assert account.person.number == "P-002"


def test_a_token_is_shown_once_and_ends(app: App, web: Flask, client_for: Callable[[str], Browser]) -> None:
    browser = client_for("coordinator")
    made = browser.post("/account/tokens", {"expires": ""}).get_data(as_text=True)
    found = re.search(r"as_[A-Za-z0-9_-]{40,}", made)
    assert found
    secret = found[0]
    assert secret not in browser.get("/account/tokens").get_data(as_text=True)
    headers = {"Authorization": f"Bearer {secret}"}
    assert web.test_client().get("/api/openapi.json", headers=headers).status_code == 200
    with app.reading() as session:
        token = session.scalars(select(ApiToken)).one()
        assert secret not in token.secret_hash
        journal = session.execute(text("SELECT body FROM journal_entry")).scalars().all()
    assert not any(secret in body for body in journal)
    assert client_for("officer").post(f"/account/tokens/{token.id}/end").status_code == 404
    assert browser.post(f"/account/tokens/{token.id}/end").status_code == 303
    assert web.test_client().get("/api/openapi.json", headers=headers).status_code == 401


def test_a_token_makes_no_other_token(api: Callable[[str], Api]) -> None:
    program = api("officer")
    answer = program.client.post("/account/tokens", data={"expires": ""}, headers=program.headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("email", ["a@example.org\r\nBcc: b@example.org", "nobody", "a b@example.org"])
def test_an_account_has_a_mail_address_or_none(email: str, client_for: Callable[[str], Browser]) -> None:
    form = {"login": "yangi", "password": "Uzoq-parol-2026", "role": "officer", "unit": "IMT-TK", "email": email}
    assert client_for("administrator").post("/admin/accounts/new", form).status_code == 400


def test_a_token_that_would_have_ended_is_refused(client_for: Callable[[str], Browser]) -> None:
    assert client_for("officer").post("/account/tokens", {"expires": "2020-01-01"}).status_code == 400


def test_organisations_and_units_are_added_once(client_for: Callable[[str], Browser]) -> None:
    admin = client_for("administrator")
    unit = {"code": "BLO-1", "name": "Chegara", "region": "UZ-SU", "kind": "blo"}
    for path, form in (
        ("/admin/units", unit),
        ("/admin/organisations", {"code": "NSS", "kind": "agency", "name": "x"}),
    ):
        assert admin.post(path, form).status_code == 303
        again = admin.post(path, form)
        assert again.status_code == 409
        assert f"The code {form['code']} is taken." in again.get_data(as_text=True)
        assert form["code"] in admin.get(path).get_data(as_text=True)
        assert admin.post(path, form | {"code": "", "kind": "club"}).status_code == 400


def test_the_journal_is_filtered_and_verified(app: App, client_for: Callable[[str], Browser], world: World) -> None:
    client_for("coordinator").post(f"/people/{world.persons['P-001'].id}/edit", {"unit": "IMT-TK", "name": "Yangi ism"})
    auditor = client_for("auditor")
    person = {
        "entity": "person",
        "entity_id": str(world.persons["P-001"].id),
        "login": "coordinator",
        "from": "2026-11-02",
    }
    page = auditor.get("/journal", query_string=person).get_data(as_text=True)
    assert page.count('class="lead"') == 1
    assert "coordinator" in page
    assert "Yangi ism" not in page
    assert page.count('class="lead"') != auditor.get("/journal").get_data(as_text=True).count('class="lead"')
    assert "The chain holds." in auditor.post("/journal/verify").get_data(as_text=True)
    anchor.anchor(app)
    with app.main.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE journal_entry SET body = body || ' ' WHERE seq = 5")
    broken = auditor.post("/journal/verify").get_data(as_text=True)
    assert "The chain does not hold." in broken
    assert "entry 5" in broken


def test_the_journal_pages_to_its_beginning(client_for: Callable[[str], Browser]) -> None:
    auditor = client_for("auditor")
    path, seen = "/journal?limit=20", 0
    while path:
        page = auditor.get(path).get_data(as_text=True)
        seen += page.count('class="lead"')
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = following[1].replace("&amp;", "&") + "&limit=20" if following else ""
    assert seen > 40


def test_an_auditor_of_one_unit_does_not_read_everybodys_journal(
    client_for: Callable[[str], Browser], world: World
) -> None:
    admin = client_for("administrator")
    admin.post(f"{page_of(world, 'officer2')}/roles", {"role": "auditor", "unit": "IMT-FA"})
    officer = client_for("officer2")
    assert officer.get("/journal").status_code == 403
    assert officer.post("/journal/verify").status_code == 403


def test_the_password_of_the_tests_is_nowhere_on_the_pages(client_for: Callable[[str], Browser], world: World) -> None:
    admin = client_for("administrator")
    for path in ("/admin/accounts", page_of(world, "officer"), "/journal"):
        page = admin.get(path).get_data(as_text=True)
        assert PASSWORD not in page
        assert "$argon2" not in page
