"""The pages of setting up: every link leads somewhere, reasons are asked for, and nobody else gets in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from assets.core.app import App
from assets.safekeeping.beginning import STEPS
from tests.web.conftest import Browser


def text_of(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return " ".join(answer.get_data(as_text=True).split())


def test_list_shows_each_step_with_its_state_and_count(client_for: Callable[[str], Browser]) -> None:
    page = text_of(client_for("administrator"), "/admin/setup")
    for step in STEPS:
        assert f'id="{step.name}"' in page
    assert "4 of 15 are done." in page
    assert "units: 4" in page


def test_every_link_of_the_list_leads_to_a_page(client_for: Callable[[str], Browser]) -> None:
    browser = client_for("administrator")
    wrong = [step.href for step in STEPS if step.href and browser.get(step.href).status_code != 200]
    assert not wrong


def test_administrators_home_leads_to_the_list_while_steps_are_left(client_for: Callable[[str], Browser]) -> None:
    assert 'href="/admin/setup"' in text_of(client_for("administrator"), "/")
    assert "/admin/setup" not in text_of(client_for("coordinator"), "/")


def test_step_is_left_out_only_with_a_reason(client_for: Callable[[str], Browser]) -> None:
    browser = client_for("administrator")
    assert browser.post("/admin/setup/steps/trackers", {"reason": "  "}).status_code == 303
    assert "say in a few words why" in text_of(browser, "/admin/setup")
    browser.post("/admin/setup/steps/trackers", {"reason": "<b>none</b> here"})
    page = text_of(browser, "/admin/setup")
    assert "&lt;b&gt;none&lt;/b&gt; here" in page
    assert "1 is not needed here." in page
    browser.post("/admin/setup/steps/trackers", {"needed": "1"})
    assert "is not needed here." not in text_of(browser, "/admin/setup")


@pytest.mark.parametrize("step", ["units", "no-such-step"])
def test_step_that_is_needed_stays(step: str, client_for: Callable[[str], Browser]) -> None:
    browser = client_for("administrator")
    assert browser.post(f"/admin/setup/steps/{step}", {"reason": "because"}).status_code == 303
    assert "because" not in text_of(browser, "/admin/setup")


def test_test_mail_waits_until_it_is_sent(client_for: Callable[[str], Browser]) -> None:
    browser = client_for("administrator")
    browser.post("/admin/setup/mail")
    page = text_of(browser, "/admin/setup")
    assert "A test mail to administrator@example.org waits" in page
    assert "The last test mail waits since" in page


def test_list_and_home_stay_within_ten_queries(
    client_for: Callable[[str], Browser], queries: Callable[[], Any]
) -> None:
    browser = client_for("administrator")
    with queries() as seen:
        text_of(browser, "/admin/setup")
    assert len(seen) <= 10, seen


def test_doctors_page_tells_what_to_mend_first_and_hides_secrets(
    client_for: Callable[[str], Browser], app: App
) -> None:
    app.settings.data_dir.chmod(0o755)
    page = text_of(client_for("administrator"), "/admin/doctor")
    assert f"chmod 0700 {app.settings.data_dir}" in page
    states = re.findall(r'class="state (\w+)"', page)
    assert states == sorted(states, key=["blocked", "due", "ready"].index)
    assert "ASSETS_BASE_URL" in page


@pytest.mark.parametrize("path", ["/admin/setup", "/admin/doctor"])
@pytest.mark.parametrize("role", ["coordinator", "donor", "auditor"])
def test_others_do_not_see_them(path: str, role: str, client_for: Callable[[str], Browser]) -> None:
    assert client_for(role).get(path).status_code == 403
