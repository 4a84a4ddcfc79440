"""Putting a round into service from its page, once, and by who may."""

from __future__ import annotations

from tests.support.rounds import line
from tests.web.handover.conftest import ClientFor, Enter, text


def test_what_was_received_is_put_into_service_from_the_page(client_for: ClientFor, enter: Enter) -> None:
    browser, given = client_for("logistics_officer"), enter(line(quantity=3, serials="A1\nA2\nA3"))
    round_page = f"/rounds/{given.id}"
    assert "Put into service together" not in text(browser.get(round_page)), "nothing is here yet"
    for item, found in zip(given.items, ({"outcome": "received"}, {"outcome": "damaged", "condition": "D",
                                                                  "note": "Burnt"}), strict=False):  # fmt: skip
        assert browser.post(f"{round_page}/items/{item}", found).status_code == 303
    page = text(browser.get(round_page))
    for words in ("1 item is here and not yet in service.", "2 stay as they are.", "It needs repair.",
                  "It was not counted in", "Put them into service"):  # fmt: skip
        assert words in page, words
    answer = browser.post(f"{round_page}/put-into-service", {})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{round_page}#into-service")
    page = text(browser.get(round_page))
    assert "Now in service: 1. Left as they are: 2." in page
    assert "Put them into service" not in page
    assert "It needs repair." in page
    browser.post(f"{round_page}/put-into-service", {})
    assert "Nothing was put into service. Left as they are: 2." in text(browser.get(round_page))


def test_who_may_not_put_items_into_service_is_not_asked_to(client_for: ClientFor, enter: Enter) -> None:
    given = enter()
    browser = client_for("logistics_officer")
    for item in given.items:
        browser.post(f"/rounds/{given.id}/items/{item}", {"outcome": "received"})
    reader = client_for("commander")
    assert "into-service" not in text(reader.get(f"/rounds/{given.id}"))
    assert reader.post(f"/rounds/{given.id}/put-into-service", {}).status_code == 403
    assert reader.post("/rounds/999999/put-into-service", {}).status_code == 403
    assert browser.post("/rounds/999999/put-into-service", {}).status_code == 404
