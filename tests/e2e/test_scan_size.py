"""The scan page's first visit is small enough for a yard with little signal: 60 kB, in few requests, 28 to begin with.

What counts is all that the page itself loads with an empty cache, headers included, also what it loads when it has
nothing more urgent to do (scan/rest.js with app.js, the outbox and the forms; known/start.js). What does not count: the
service worker's own precache, which comes after the page and in a target of its own, and /scan/assets, the unit's items
for work without a connection, whose size is that of the unit. The page's modules come joined (assets/web/joining.py): a
new module is in it by being imported, at once or by import("…"); nothing has to be listed anywhere.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.e2e.scan_speed import KEPT_FOR_OFFLINE, first_view, signed_in
from tests.support.office import Office

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("stories")]
MOST_BYTES = 60_000
MOST_REQUESTS = 12
MOST_BYTES_AT_ONCE = 28_000
"""Before the field and the buttons answer: 20 ms each kilobyte on the slow line, beside two round trips of 400 ms."""
LATER = ("/scan/rest.js", "/known/start.js", "/known/known.js", KEPT_FOR_OFFLINE)


def test_first_view_of_the_scan_page_is_small(story_office: Office, browser: Browser) -> None:
    view = first_view(browser, story_office, signed_in(browser, story_office), slow=False)
    loaded = "\n".join(f"{size:7} {path}" for path, size in view.bytes_by_path.items())
    assert view.bytes <= MOST_BYTES, loaded
    assert len(view.bytes_by_path) <= MOST_REQUESTS, loaded
    at_once = sum(size for path, size in view.bytes_by_path.items() if not path.endswith(LATER))
    assert at_once <= MOST_BYTES_AT_ONCE, loaded
    assert any(path.endswith("/scan/rest.js") for path in view.bytes_by_path), "what comes later was waited for"
