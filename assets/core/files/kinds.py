"""The types of file that are taken, told by their first bytes. Pure."""

from __future__ import annotations

from collections.abc import Mapping

MAX_BYTES = 20 * 1024 * 1024
PDF = "application/pdf"
EXTENSIONS: Mapping[str, str] = {PDF: "pdf", "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
PICTURES = frozenset(EXTENSIONS) - {PDF}
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", PDF),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)


def content_type_of(content: bytes) -> str | None:
    """The type that the content itself shows: PDF, PNG, JPEG or WebP; None for anything else."""
    for signature, content_type in _SIGNATURES:
        if content.startswith(signature):
            return content_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return None
