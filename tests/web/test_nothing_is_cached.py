"""What a signed-in person was answered is kept by no cache: every address, and what it answers when it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.engines import ON_ONE_ENGINE
from tests.web.conftest import Browser


@ON_ONE_ENGINE
@pytest.mark.parametrize("login", ["administrator", "coordinator", "donor"])
def test_no_answer_to_somebody_signed_in_is_kept_by_a_cache(
    login: str, web: Flask, client_for: Callable[[str], Browser]
) -> None:
    browser = client_for(login)
    rules = [rule for rule in web.url_map.iter_rules() if "GET" in (rule.methods or set()) and not rule.arguments]
    assert len(rules) > 60
    seen = {}
    for rule in rules:
        answer = browser.get(rule.rule)
        # Neither says who asks, and the health check must answer without a database.
        if rule.endpoint not in {"static", "health.health"} and not rule.endpoint.startswith("openapi_"):
            seen[rule.rule] = answer.headers.get("Cache-Control", "")
        answer.close()
    assert {path: found for path, found in seen.items() if found != "no-store"} == {}
