"""Every route, taken from the route map: it declares its right, refuses strangers, and keeps to its roles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.routing import BaseConverter, IntegerConverter, PathConverter, Rule, UnicodeConverter, UUIDConverter

from assets.people.rules import POLICY, Permission, Role
from assets.web.auth import declared
from tests.support.engines import ON_ONE_ENGINE
from tests.web.conftest import Api, Browser

# What people reach without signing in; anything more must be thought about here.
PUBLIC = {
    "static", "health.health", "sessions.login", "sessions.sign_in", "sessions.choose_language", "telemetry.receive",
    "telemetry.receive_owntracks", "telemetry.receive_traccar",
    # What a phone reads before it trusts us, and what it asks for without cookies.
    "trust.page", "trust.check", "trust.certificate", "trust.certificate_as_text", "trust.profile",
    "app_manifest.manifest", "service_worker.service_worker",
}  # fmt: skip
NOBODYS: dict[type[BaseConverter], Any] = {
    IntegerConverter: 999_999,
    UUIDConverter: UUID(int=1),
    UnicodeConverter: "0000000000",
    PathConverter: "0000000000",
}


def rules(web: Flask) -> list[Rule]:
    return [rule for rule in web.url_map.iter_rules() if rule.endpoint != "static"]


def address(rule: Rule) -> str:
    """The rule's address with ids that do not exist."""
    values = {name: NOBODYS[type(rule._converters[name])] for name in rule.arguments}
    built = rule.build(values)
    assert built is not None
    return str(built[1])


@ON_ONE_ENGINE
def test_every_route_declares_its_right(web: Flask) -> None:
    bare = []
    for rule in rules(web):
        public, permissions = declared(web.view_functions[rule.endpoint])
        if not public and permissions is None:
            bare.append(rule.endpoint)
    assert not bare


@ON_ONE_ENGINE
def test_public_routes_are_these_and_no_more(web: Flask) -> None:
    found = {rule.endpoint for rule in rules(web) if declared(web.view_functions[rule.endpoint])[0]}
    assert found | {"static"} == PUBLIC


@ON_ONE_ENGINE
def test_strangers_are_refused_everywhere(web: Flask) -> None:
    let_in = []
    for rule in rules(web):
        if rule.endpoint in PUBLIC:
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            answer = web.test_client().open(address(rule), method=method)
            refused = answer.status_code in {400, 401} or (
                answer.status_code == 302 and "/login" in answer.headers["Location"]
            )
            if not refused:
                let_in.append((method, rule.rule, answer.status_code))
    assert not let_in


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_role_reads_what_the_table_says_and_nothing_breaks(
    role: str, web: Flask, client_for: Callable[[str], Browser]
) -> None:
    browser = client_for(role)
    wrong = []
    for rule in rules(web):
        if "GET" not in (rule.methods or set()) or rule.endpoint in PUBLIC:
            continue
        _, permissions = declared(web.view_functions[rule.endpoint])
        allowed = not permissions or any(Role(role) in POLICY[permission] for permission in permissions)
        status = browser.get(address(rule)).status_code
        if status >= 500 or (status == 403) == allowed:
            wrong.append((rule.rule, status, "allowed" if allowed else "not allowed"))
    assert not wrong


@ON_ONE_ENGINE
@pytest.mark.parametrize("role", [role.value for role in Role])
def test_writing_without_the_right_is_refused_before_anything_is_read(
    role: str, web: Flask, api: Callable[[str], Api]
) -> None:
    program = api(role)
    wrong = []
    for rule in rules(web):
        _, permissions = declared(web.view_functions[rule.endpoint])
        if rule.endpoint in PUBLIC or not permissions:
            continue
        if any(Role(role) in POLICY[Permission(permission)] for permission in permissions):
            continue
        for method in sorted((rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}):
            answer = program.client.open(address(rule), method=method, headers=program.headers, json={})
            if answer.status_code != 403:
                wrong.append((method, rule.rule, answer.status_code))
    assert not wrong
