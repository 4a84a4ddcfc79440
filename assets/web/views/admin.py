"""Administration: accounts with their roles."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from assets.clearance.service import close_account
from assets.core.errors import DomainError, InvalidInput, NotFound, invalid
from assets.core.i18n import msg, offered
from assets.people import queries, service
from assets.people.models import RoleGrant
from assets.people.rules import ROLE_NAMES, Permission, Role
from assets.web.auth import needs
from assets.web.care import optional_moment
from assets.web.context import actor, flash_words, now, reading, the_app, words, writing
from assets.web.errors import status_of
from assets.web.filters import show_region_name
from assets.web.forms import field_errors, typed
from assets.web.parsing import encode_cursor, page

pages = Blueprint("admin", __name__)


@pages.get("/admin")
@needs(Permission.ACCOUNT_MANAGE, Permission.ORGANISATION_WRITE)
def home() -> str:
    return render_template("admin/home.html")


@pages.get("/admin/accounts")
@needs(Permission.ACCOUNT_MANAGE)
def list_accounts() -> str:
    wanted, query = page(request.args), request.args.get("query", "")
    with reading() as session:
        after = str(wanted.after[0]) if wanted.after else ""
        found = queries.account_page(session, query=query, after=after, limit=wanted.limit + 1)
    shown = found[: wanted.limit]
    following = encode_cursor((shown[-1].login,)) if len(found) > wanted.limit else None
    return render_template(
        "admin/accounts.html", accounts=shown, query=query, following=following, first_page=wanted.after is None,
        described=_described, valid=_valid,
    )  # fmt: skip


def _valid(grant: RoleGrant) -> bool:
    return grant.valid_from <= now() and (grant.valid_until is None or now() < grant.valid_until)


def _described(grant: RoleGrant) -> str:
    """A role and for what, in words."""
    scope = grant.unit or grant.region or grant.donor
    where = scope.code if scope is not None else words(msg("everything"))
    return f"{words(ROLE_NAMES[grant.role])}: {where}"


@pages.get("/admin/accounts/new")
@needs(Permission.ACCOUNT_MANAGE)
def new_account() -> str:
    return _account_form({}, {})


@pages.post("/admin/accounts/new")
@needs(Permission.ACCOUNT_MANAGE)
def add_account() -> Any:
    values = typed()
    try:
        with writing() as session:
            number = values.get("person", "").strip()
            account = service.add_account(
                session, actor(), login=values.get("login", ""), password=values.get("password", ""),
                role=_role(values), scope=_scope(session, values), now=now(), email=values.get("email", "").strip(),
                locale=values.get("locale") or the_app().settings.languages[0],
                person=queries.person_by_number(session, number) if number else None,
            )  # fmt: skip
    except DomainError as error:
        return _account_form(values, errors_of(error)), status_of(error)
    flash_words(msg("The account %(login)s is open. Tell its person the password; he changes it.", login=account.login))
    return redirect(url_for("admin.show_account", account_id=account.id), 303)


def errors_of(error: DomainError) -> dict[str, str]:
    """What is wrong, by field."""
    named = {"login_taken": "login", "code_taken": "code", "scope_not_for_role": "role"}
    return {named[error.code]: words(error.message)} if error.code in named else field_errors(error)


def _role(values: dict[str, str]) -> Role:
    try:
        return Role(values.get("role", ""))
    except ValueError as error:
        raise invalid("role", msg("Choose a role.")) from error


def _scope(session: Session, values: dict[str, str]) -> service.Scope:
    codes = {key: values.get(key, "").strip() for key in ("unit", "region", "donor")}
    if sum(bool(code) for code in codes.values()) > 1:
        raise invalid("unit", msg("A role is for a unit, a region or a donor: choose one, or none for everything."))
    return service.Scope(
        unit=queries.unit_by_code(session, codes["unit"]) if codes["unit"] else None,
        region=queries.region_by_code(session, codes["region"]) if codes["region"] else None,
        donor=queries.organisation_by_code(session, codes["donor"], "donor") if codes["donor"] else None,
    )


def _choices() -> dict[str, Any]:
    with reading() as session:
        return {
            "roles": [(role.value, words(ROLE_NAMES[role.value])) for role in Role],
            "units": [(unit.code, f"{unit.name} ({unit.code})") for unit in queries.units(session)],
            "regions": [(region.code, show_region_name(region)) for region in queries.regions(session)],
            "donors": [(donor.code, donor.name) for donor in queries.organisations(session, "donor")],
        }


def _account_form(values: dict[str, str], errors: dict[str, str]) -> str:
    languages = offered(the_app().settings.languages)
    return render_template("admin/account_new.html", values=values, errors=errors, languages=languages, **_choices())


@pages.get("/admin/accounts/<int:account_id>")
@needs(Permission.ACCOUNT_MANAGE)
def show_account(account_id: int) -> str:
    return _account_page(account_id, {}, {})


def _account_page(account_id: int, values: dict[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        account = queries.account_with_grants(session, account_id)
        tokens = queries.tokens_of(session, account_id)
    return render_template(
        "admin/account.html", account=account, values=values, errors=errors, described=_described, valid=_valid,
        open_tokens=sum(token.is_open(now()) for token in tokens), itself=account.id == g.account.id, **_choices(),
    )  # fmt: skip


@pages.post("/admin/accounts/<int:account_id>/roles")
@needs(Permission.ACCOUNT_MANAGE)
def grant_role(account_id: int) -> Any:
    values = typed()
    try:
        with writing() as session:
            service.grant_role(
                session, actor(), queries.account_with_grants(session, account_id), role=_role(values),
                scope=_scope(session, values), now=now(), valid_from=optional_moment(values, "valid_from"),
                valid_until=optional_moment(values, "valid_until"),
            )  # fmt: skip
    except NotFound:
        raise
    except DomainError as error:
        return _account_page(account_id, values, errors_of(error)), status_of(error)
    flash_words(msg("The role is granted; it counts from the account's next request."))
    return redirect(url_for("admin.show_account", account_id=account_id), 303)


@pages.post("/admin/accounts/<int:account_id>/roles/<int:grant_id>/end")
@needs(Permission.ACCOUNT_MANAGE)
def end_role(account_id: int, grant_id: int) -> Any:
    with writing() as session:
        grant = session.get(RoleGrant, grant_id)
        if grant is None or grant.account_id != account_id:
            raise NotFound(msg("There is no such role of this account."))
        service.end_role(session, actor(), grant, now())
    flash_words(msg("The role has ended; it counts from the account's next request."))
    return redirect(url_for("admin.show_account", account_id=account_id), 303)


@pages.post("/admin/accounts/<int:account_id>/password")
@needs(Permission.ACCOUNT_MANAGE)
def set_password(account_id: int) -> Any:
    try:
        with writing() as session:
            account = queries.account_with_grants(session, account_id)
            service.set_password(session, actor(), account, request.form.get("password", ""), now())
    except InvalidInput as error:
        return _account_page(account_id, {}, field_errors(error)), 400
    flash_words(msg("The password is set; the account's sign-ins and tokens have ended."))
    return redirect(url_for("admin.show_account", account_id=account_id), 303)


@pages.post("/admin/accounts/<int:account_id>/end")
@needs(Permission.ACCOUNT_MANAGE)
def end_account(account_id: int) -> Any:
    with writing() as session:
        case = close_account(session, actor(), queries.account_with_grants(session, account_id), now())
    flash_words(msg("The account is closed; its sign-ins and tokens have ended. What it recorded stays."))
    if case is not None:
        flash_words(msg("Its person still has things of ours: a clearance is open."), "due")
    return redirect(url_for("admin.show_account", account_id=account_id), 303)


@pages.post("/admin/accounts/<int:account_id>/reopen")
@needs(Permission.ACCOUNT_MANAGE)
def reopen_account(account_id: int) -> Any:
    with writing() as session:
        service.reopen_account(session, actor(), queries.account_with_grants(session, account_id))
    flash_words(msg("The account is open again."))
    return redirect(url_for("admin.show_account", account_id=account_id), 303)
