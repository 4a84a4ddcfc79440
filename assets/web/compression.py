"""Compresses what goes over the line: static texts once, pages each time."""

from __future__ import annotations

import gzip
import io
import secrets
from functools import lru_cache
from pathlib import Path

from flask import Response, request

from assets.web.joining import joined

STATIC = Path(__file__).parent / "static"
STATIC_ENDINGS = (".css", ".js", ".svg", ".json", ".geojson", ".wasm")
WORTH_BYTES = 1_000
MOST_NOISE_BYTES = 64


def is_taken() -> bool:
    """Whether who asks understands gzip."""
    return bool(request.accept_encodings["gzip"])


@lru_cache(maxsize=256)
def static_text(name: str) -> bytes:
    """A static text, compressed once; the name was found safe before."""
    text = joined(name) if name.startswith("joined/") else (STATIC / name).read_bytes()
    return gzip.compress(text or b"", 9, mtime=0)


def compress_page(response: Response) -> Response:
    """A page, compressed for those who take it; files that are handed out stay as they are.

    How long the answer is must not tell what is in it beside the words that somebody put into the address (BREACH): a
    file name of random length stands in the header of gzip, where nobody looks at it.
    """
    if response.mimetype != "text/html" or response.is_streamed or response.direct_passthrough:
        return response
    response.vary.add("Accept-Encoding")
    if not is_taken() or "Content-Encoding" in response.headers:
        return response
    page = response.get_data()
    if len(page) < WORTH_BYTES:
        return response
    packed = io.BytesIO()
    noise = "n" * secrets.randbelow(MOST_NOISE_BYTES)
    with gzip.GzipFile(noise, "wb", 6, packed, mtime=0) as file:
        file.write(page)
    response.set_data(packed.getvalue())
    response.headers["Content-Encoding"] = "gzip"
    return response
