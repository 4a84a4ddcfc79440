"""What the server waits for before a thread takes a request."""

from __future__ import annotations

import pytest

from assets.cli.slow_clients import WAITED_FOR_BYTES, still_to_come

FORM = b"POST /login HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("come", "waits"),
    [
        (b"", False),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", False),
        (FORM + b"Content-Length: 3\r\n\r\nab", True),
        (FORM + b"content-length:3\r\nX: y\r\n\r\nabc", False),
        (FORM + b"Content-Length: 3\r\n\r\nabcd", False),
        # Uploads, bodies of unknown size and heads that cannot be understood are for a thread to see.
        (FORM + b"Content-Length: %d\r\n\r\na" % WAITED_FOR_BYTES, False),
        (FORM + b"Transfer-Encoding: chunked\r\n\r\n", False),
        (FORM + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n", False),
        (FORM + b"Content-Length: 99999999999999999999\r\n\r\n", False),
        (FORM + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n", False),
        (b"x" * WAITED_FOR_BYTES, False),
    ],
)
def test_small_request_is_waited_for_until_it_is_whole(come: bytes, waits: bool) -> None:
    assert (still_to_come(come) > 0) is waits
