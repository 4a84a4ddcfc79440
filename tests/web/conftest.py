"""The real application through its client: signed in by role, or with a token."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event
from werkzeug.test import TestResponse

from assets.bootstrap import build_app
from assets.core.app import App
from assets.people import service
from assets.settings import Settings
from assets.web import create_app
from tests.support.world import PASSWORD, SETUP, Clock, World


@pytest.fixture(scope="session")
def made_web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, dict[str, Any]]]:
    """The Flask application, its routes and templates compiled once for all tests, with what its extensions hold."""
    app = build_app(Settings(data_dir=tmp_path_factory.mktemp("web"), base_url="http://localhost"))
    made = create_app(app, testing=True)
    yield made, dict(made.extensions)
    app.close()


@pytest.fixture
def web(app: App, made_web: tuple[Flask, dict[str, Any]]) -> Flask:
    """The pages of this test's own application."""
    made, extensions = made_web
    made.extensions.clear()
    made.extensions.update(extensions, assets=app)
    made.config["SECRET_KEY"] = app.secret_key
    return made


def csrf_token(client: FlaskClient, path: str = "/login") -> str:
    """The CSRF token that a page of this client's carries."""
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get(path).get_data(as_text=True))
    assert found, "the page carries no CSRF token"
    return found.group(1)


class Browser:
    """A signed-in client that sends the CSRF token as a page would."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **keywords: Any) -> TestResponse:
        return self.client.get(path, **keywords)

    def token(self) -> str:
        return csrf_token(self.client, "/account")

    def post(self, path: str, data: dict[str, Any] | None = None, **keywords: Any) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token(), **(data or {})}, **keywords)

    def post_json(self, path: str, body: Any, **keywords: Any) -> TestResponse:
        return self.client.post(path, json=body, headers={"X-CSRFToken": self.token()}, **keywords)


@pytest.fixture
def client_for(web: Flask, world: World) -> Callable[[str], Browser]:
    """A browser in which `login` (a role's name) has signed in."""

    def sign_in(login: str) -> Browser:
        client = web.test_client()
        form = {"login": login, "password": PASSWORD, "csrf_token": csrf_token(client)}
        answer = client.post("/login", data=form)
        assert answer.status_code == 303, answer.get_data(as_text=True)
        return Browser(client)

    return sign_in


class Api:
    """Calls with a bearer token; answers are parsed JSON."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.client.get(f"/api/v1{path}", query_string=query, headers=self.headers)

    def post(self, path: str, body: Any) -> TestResponse:
        return self.client.post(f"/api/v1{path}", json=body, headers=self.headers)

    def patch(self, path: str, body: Any) -> TestResponse:
        return self.client.patch(f"/api/v1{path}", json=body, headers=self.headers)


@pytest.fixture
def api(web: Flask, app: App, world: World, clock: Clock) -> Callable[[str], Api]:
    """API access with a token of `login` (a role's name)."""

    def with_token(login: str) -> Api:
        with app.transaction(SETUP, clock.now) as session:
            account = session.merge(world.accounts[login], load=True)
            token = service.add_token(session, SETUP, account, now=clock.now, expires_at=None)
        return Api(web.test_client(), token)

    return with_token


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that an engine runs inside the block (BEGIN and the like left out)."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.split(None, 1)[0].upper() not in {"BEGIN", "PRAGMA", "COMMIT", "ROLLBACK"}:
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def queries(app: App) -> Callable[[], Any]:
    """`with queries() as seen:` counts the main database's statements."""
    return lambda: counted(app.main.engine)
