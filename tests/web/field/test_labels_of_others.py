"""Labels that are not ours: another host's address is none, and what is hidden looks like what is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from assets.labels.token import format_code, new_code
from tests.support.commands import command, commanded
from tests.support.engines import ON_ONE_ENGINE
from tests.support.transfers import HERE
from tests.support.world import Clock
from tests.web.conftest import Api, Browser

ApiFor = Callable[[str], Api]
ClientFor = Callable[[str], Browser]
Rows = Callable[[], tuple[int, ...]]
FOREIGN = (
    "https://evil.example/a/{code}",
    "http://localhost.evil.example/a/{code}",
    "http://localhost@evil.example/a/{code}",
    "http://localhost:8080/a/{code}",
    "//localhost/a/{code}",
    "ftp://localhost/a/{code}",
    "javascript:alert(1)//localhost/a/{code}",
    "data:text/html,/a/{code}",
    "http://localhost/a/{code}/../../logout",
    "http://localhost/login?next=/a/{code}",
    "WIFI:T:WPA;S=x;P={code};;",
    "otpauth://totp/{code}",
)


@ON_ONE_ENGINE
def test_no_door_takes_the_address_of_another_host_for_a_label(
    rows: Rows, make: Callable[..., str], api: ApiFor, client_for: ClientFor, clock: Clock
) -> None:
    code, here, browser = make("vehicle.patrol"), api(HERE), client_for(HERE)
    before = rows()
    for pattern in FOREIGN:
        for written in (pattern.format(code=code), pattern.format(code=format_code(code))):
            refused = commanded(
                here, clock.now,
                command("sighting", written, clock.now), command("issue", written, clock.now, {"to": "P-001"}),
                command("transfer_send", written, clock.now, {"to_unit": "IMT-FA"}),
                command("transfer_receive", written, clock.now, {"condition": "A"}),
                command("claim_label", written, clock.now, {"asset": code}),
                command("claim_label", new_code(), clock.now, {"asset": written}),
            )  # fmt: skip
            assert [result["code"] for result in refused] == ["not_a_label"] * 6, written
            assert here.post("/transfers", {"to_unit": "IMT-FA", "items": [written]}).status_code == 400
            fill = {"asset": written, "at": clock.now.isoformat(), "litres": 5, "is_full": True}
            assert here.post("/fuel", fill).status_code in {400, 404}
            assert browser.get("/scan/asset/" + written.replace("?", "%3F")).status_code in {400, 404}
    assert rows() == before
    own = commanded(here, clock.now, command("sighting", f"http://localhost/a/{code}", clock.now))
    assert own[0]["status"] == "accepted"


DOORS: tuple[tuple[str, str, Any], ...] = (
    ("get", "/scan/asset/{code}", None),
    ("get", "/assets/{code}", None),
    ("get", "/a/{code}", None),
    ("get", "/vehicles/{code}", None),
    ("get", "/vehicles/{code}/fuel/new", None),
    ("get", "/vehicles/{code}/trip-sheet", None),
    ("get", "/assets/{code}/new-label", None),
    ("api", "/transfers", {"to_unit": "IMT-SU", "items": ["{code}"]}),
    ("api", "/fuel", {"asset": "{code}", "at": "2026-11-02T05:00:00Z", "litres": 5, "is_full": True}),
    (
        "api",
        "/vehicle-papers",
        {"asset": "{code}", "kind": "insurance", "valid_from": "2026-01-01", "valid_until": "2026-12-05"},
    ),
    ("api", "/accidents", {"asset": "{code}", "at": "2026-11-02T05:00:00Z", "what": "x", "injured": False}),
    ("api", "/labels/sheets", {"codes": ["{code}"], "layout": "L7160"}),
    ("api", "/assets/{code}/label", {"reason": "worn"}),
    ("sighting", "{code}", {}),
    ("issue", "{code}", {"to": "P-001"}),
    ("return", "{code}", {"condition": "A"}),
    ("fault", "{code}", {"severity": "minor", "text": "rattles"}),
    ("check", "{code}", {"items": {}, "passed": True}),
    ("transfer_send", "{code}", {"to_unit": "IMT-SU"}),
)


@ON_ONE_ENGINE
@pytest.mark.parametrize(("how", "where", "body"), DOORS, ids=[f"{how} {where}" for how, where, _ in DOORS])
def test_what_is_unknown_and_what_is_another_units_look_the_same(
    how: str,
    where: str,
    body: Any,
    rows: Rows,
    make: Callable[..., str],
    api: ApiFor,
    client_for: ClientFor,
    clock: Clock,
) -> None:
    foreign, unknown = make("vehicle.patrol", "IMT-FA"), new_code()
    browser, here = client_for(HERE), api(HERE)
    before = rows()

    def asked(code: str) -> tuple[int, str]:
        if how == "get":
            answer = browser.get(where.format(code=code))
        elif how == "api":
            answer = here.post(where.format(code=code), _filled(body, code))
        else:
            result = commanded(here, clock.now, command(how, code, clock.now, body))[0]
            return 0, str(result | {"id": ""})
        told = answer.get_data(as_text=True).replace(code, "CODE").replace(format_code(code), "CODE")
        return answer.status_code, told.replace(code.lower(), "CODE")

    answers = [asked(foreign), asked(unknown)]
    assert answers[0][0] == answers[1][0] != 200
    assert _without_tokens(answers[0][1]) == _without_tokens(answers[1][1])
    assert rows() == before


def _filled(body: Any, code: str) -> Any:
    if isinstance(body, dict):
        return {key: _filled(value, code) for key, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, code) for value in body]
    return code if body == "{code}" else body


def _without_tokens(page: str) -> str:
    """The page without what differs each time: the token of its forms."""
    return "\n".join(line for line in page.splitlines() if "csrf" not in line and "nonce" not in line)
