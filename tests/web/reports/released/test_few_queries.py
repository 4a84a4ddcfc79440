"""The pages of released summaries ask the database little."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.web.reports.released.markup import Clients


def test_pages_of_summaries_take_few_queries(released: int, client_for: Clients, queries: Callable[[], Any]) -> None:
    donor = client_for("donor")
    for path in ("/summaries", f"/summaries/{released}"):
        with queries() as seen:
            donor.get(path)
        assert len(seen) <= 10, path
