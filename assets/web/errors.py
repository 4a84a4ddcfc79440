"""The only place that knows HTTP for errors: problem details (RFC 9457) for the API, words and a way on for people."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, current_app, jsonify, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from pydantic import ValidationError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from assets.core.errors import Conflict, DomainError, InvalidInput, NotAllowed, NotFound, RuleViolation
from assets.core.files import NoSpace
from assets.core.i18n import Message, msg
from assets.web.auth import SignInRequired, is_api
from assets.web.context import words

STATUS: dict[type[DomainError], int] = {
    InvalidInput: 400,
    SignInRequired: 401,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    RuleViolation: 422,
    NoSpace: 507,
}
TITLES: dict[int, Message] = {
    400: msg("Something in it is not right"),
    401: msg("Sign in first"),
    403: msg("Not yours to do"),
    404: msg("Nothing here"),
    405: msg("This address does not take that"),
    409: msg("It clashes with what is recorded"),
    413: msg("Too large"),
    415: msg("This kind of content is not taken"),
    422: msg("The rules do not allow it"),
    429: msg("Too many attempts"),
    500: msg("Something broke on our side"),
    503: msg("The database is away"),
    507: msg("The disk is full"),
}
NOTHING_HERE = msg("There is nothing at this address, or it is not yours to see.")
MAX_ID = 2**31 - 1
log = logging.getLogger("assets.web")


def status_of(error: DomainError) -> int:
    """The HTTP status of a domain error."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 400)


def init_errors(app: Flask) -> None:
    """Answer every kind of error."""
    app.register_error_handler(DomainError, domain_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(StaleDataError, _stale)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(IntegrityError, _collision)
    for kind in (DataError, OverflowError, RecursionError, UnicodeEncodeError):
        app.register_error_handler(kind, _cannot_be_kept)
    app.register_error_handler(Exception, _unexpected)


def domain_error(error: DomainError) -> Any:
    """The answer to a refusal."""
    if isinstance(error, SignInRequired) and not is_api(request.path):
        return redirect(url_for("sessions.login", next=request.full_path.rstrip("?")))
    errors = [
        {"field": f.field, "code": f.code, "detail": words(f.message), **({"row": f.row} if f.row is not None else {})}
        for f in error.fields
    ]
    return _answer(status_of(error), error.code, words(error.message), errors)


def problem(status: int, code: str, detail: str, errors: list[dict[str, Any]] | None = None) -> Response:
    """A problem-details answer for the API."""
    response = jsonify(
        {
            "type": f"urn:assets:problem:{code}",
            "title": words(TITLES.get(status, msg("Refused"))),
            "status": status,
            "code": code,
            "detail": detail,
            "errors": errors or [],
        }
    )
    response.status_code = status
    response.content_type = "application/problem+json"
    return response


def validation_problem(error: ValidationError) -> Response:
    """The answer to a body or query whose shape is wrong."""
    errors = [
        {"field": ".".join(str(part) for part in item["loc"]), "code": item["type"], "detail": item["msg"]}
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    detail = "; ".join(f"{item['field']}: {item['detail']}" for item in errors)[:500]
    return problem(400, "invalid_input", detail, errors)


def _answer(status: int, code: str, detail: str, errors: list[dict[str, Any]] | None = None) -> Any:
    if is_api(request.path) or request.accept_mimetypes.best == "application/json":
        return problem(status, code, detail, errors)
    title = words(TITLES.get(status, msg("Refused")))
    return render_template("error.html", status=status, title=title, detail=detail, errors=errors or []), status


def _csrf_error(_error: CSRFError) -> Any:
    detail = words(msg("The page was open for too long. Load it again; nothing was changed."))
    return _answer(400, "csrf", detail)


def _http_error(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    details = {
        404: NOTHING_HERE,
        405: msg("This address does not take that method."),
        413: msg("What was sent is larger than is taken here; nothing was kept."),
    }
    detail = words(details[error.code]) if error.code in details else (error.description or "")
    return _answer(error.code, f"http_{error.code}", detail)


def _stale(_error: StaleDataError) -> Any:
    detail = words(msg("Somebody else changed this in the meantime. Load it again; your change was not saved."))
    return _answer(409, "changed_meanwhile", detail)


def _collision(error: IntegrityError) -> Any:
    # Rules refuse what they can see; this is two people who did the same at the same moment.
    log.warning("collision at %s: %s", request.path, error.orig)
    detail = words(msg("Somebody else recorded the same at the same moment. Load it again; your change was not saved."))
    return _answer(409, "changed_meanwhile", detail)


def _cannot_be_kept(error: Exception) -> Any:
    # A number beyond the column or the calendar, a NUL character or half a surrogate pair, brackets nested without
    # end: the engines differ in what they refuse, and in how they say so.
    log.warning("refused at %s: %s", request.path, type(error).__name__)
    if any(isinstance(value, int) and value > MAX_ID for value in (request.view_args or {}).values()):
        return _answer(404, "http_404", words(NOTHING_HERE))
    detail = words(msg("A number, date or character in it is out of range. Nothing was changed."))
    return _answer(400, "out_of_range", detail)


def _database_away(error: OperationalError) -> Any:
    log.error("database unavailable: %s", error.orig)
    detail = words(msg("The database does not answer. Nothing was changed; try again in a minute."))
    return _answer(503, "database_away", detail)


def _unexpected(error: Exception) -> Any:
    if current_app.testing and not isinstance(error, DBAPIError):
        raise error
    log.error("unexpected error at %s", request.path, exc_info=error)
    detail = words(msg("The error was recorded. Nothing was changed unless you were told so; try again."))
    return _answer(500, "unexpected", detail)
