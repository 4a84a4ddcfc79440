"""The answer of a list call whose rows are read in the order of their ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from flask import Response, jsonify
from sqlalchemy.orm import Mapped

from assets.web.parsing import encode_cursor


class Numbered(Protocol):
    """A row with an id."""

    @property
    def id(self) -> Mapped[int] | int: ...


Row = TypeVar("Row", bound=Numbered)


def answer_page(found: Sequence[Row], limit: int, shape: Callable[[Row], dict[str, Any]]) -> Response:
    """`{"items", "next"}` of rows of which one more than `limit` was asked for."""
    rows = found[:limit]
    after = (rows[-1].id,) if len(found) > limit else None
    return jsonify({"items": [shape(row) for row in rows], "next": encode_cursor(after)})
