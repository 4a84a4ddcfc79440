"""Stored files: told by their content, pictures written anew, bombs refused unopened, nothing left by a full disk."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from assets.core import files
from assets.core.errors import InvalidInput, NotFound
from tests.support.papers import HIDDEN, PDF, picture, png_claiming, telling_jpeg, zip_bomb

ROOT = Path(__file__).resolve().parents[3]


def refusal(folder: Path, content: bytes) -> str:
    """The code with which a file is refused; nothing of it may lie in the folder."""
    with pytest.raises(InvalidInput) as caught:
        files.store(folder, content)
    assert not list(folder.glob("*"))
    return caught.value.code


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (PDF, "application/pdf"),
        (picture("PNG"), "image/png"),
        (picture("JPEG"), "image/jpeg"),
        (picture("WEBP"), "image/webp"),
    ],
)
def test_type_is_what_the_content_shows(tmp_path: Path, content: bytes, found: str) -> None:
    stored = files.store(tmp_path, content)
    assert stored.content_type == found
    kept = files.read(tmp_path, stored.key)
    assert (len(kept), files.content_type_of(kept)) == (stored.size, found)


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        b"<!doctype html><script>alert(1)</script>",
        b"  %PDF-1.7 after a blank",
        b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        b"MZ\x90\x00",
        b"#!/bin/sh\n",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        zip_bomb(),
        b"",
    ],
    ids=["svg", "xml", "html", "late-pdf", "gif", "exe", "script", "wave", "zip-bomb-called-pdf", "empty"],
)
def test_anything_else_is_refused_whatever_it_is_called(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, content) == "file_type"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (png_claiming(50_000, 50_000), "picture_too_large"),
        (png_claiming(8_000, 8_000), "picture_too_large"),
        (png_claiming(20_001, 1), "picture_too_large"),
        (png_claiming(2_000_000_000, 2_000_000_000), "picture_too_large"),
        (png_claiming(300, 300), "picture_broken"),
        (b"\xff\xd8\xff<html><script>alert(1)</script>", "picture_broken"),
        (picture("JPEG", (400, 400))[:500], "picture_broken"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "picture_broken"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 " + b"\xff" * 20, "picture_broken"),
    ],
)
def test_bombs_and_damaged_pictures_are_refused_at_once(tmp_path: Path, content: bytes, code: str) -> None:
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    assert refusal(tmp_path, content) == code
    assert time.monotonic() - started < 1
    # Decoded, the smallest of the bombs takes 192 MB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_moving_picture_is_refused(tmp_path: Path, kind: str) -> None:
    target = BytesIO()
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    frames[0].save(target, kind, save_all=True, append_images=frames[1:])
    assert refusal(tmp_path, target.getvalue()) == "picture_moves"


def test_larger_than_the_limit_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, PDF + b"\0" * files.MAX_BYTES) == "file_too_large"


def test_photo_keeps_its_pixels_and_nothing_else(tmp_path: Path) -> None:
    sent = telling_jpeg()
    assert all(word.encode() in sent for word in ("NokiaSecretCamera", "hidden comment", "secret xmp", "Exif"))
    kept = files.read(tmp_path, files.store(tmp_path, sent).key)
    assert not [word for word in HIDDEN if word.encode() in kept]
    picture_kept = opened(kept)
    assert not picture_kept.getexif()
    # The orientation is in the pixels now.
    assert (picture_kept.format, picture_kept.size) == ("JPEG", (20, 40))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_png_of_every_kind_loses_what_was_beside_its_pixels(tmp_path: Path, mode: str) -> None:
    notes, target = PngInfo(), BytesIO()
    notes.add_text("Comment", "hidden comment")
    notes.add_itxt("XML:com.adobe.xmp", "secret xmp")
    exif = Image.Exif()
    exif[0x010F] = "NokiaSecretCamera"
    Image.new(mode, (5, 7)).save(target, "PNG", pnginfo=notes, exif=exif, icc_profile=b"NokiaSecretCamera" * 9)
    kept = files.read(tmp_path, files.store(tmp_path, target.getvalue() + zip_bomb()).key)
    assert not [word for word in (*HIDDEN, "iCCP", "eXIf", "PK\x03\x04") if word.encode() in kept]
    assert opened(kept).size == (5, 7)


def test_sixteen_bits_of_grey_stay_grey(tmp_path: Path) -> None:
    target = BytesIO()
    Image.new("I;16", (3, 3), 0x8000).save(target, "PNG")
    kept = opened(files.read(tmp_path, files.store(tmp_path, target.getvalue()).key))
    assert kept.getpixel((1, 1)) == 0x80


def test_see_through_picture_stays_see_through(tmp_path: Path) -> None:
    for kind in ("PNG", "WEBP"):
        target = BytesIO()
        Image.new("RGBA", (4, 4), (10, 20, 30, 0)).save(target, kind, lossless=True)
        kept = opened(files.read(tmp_path, files.store(tmp_path, target.getvalue()).key)).convert("RGBA")
        assert kept.getpixel((2, 2))[3] == 0  # type: ignore[index]  # four values in this mode


def test_file_and_folder_are_on_the_disk_before_its_name_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced, real = [], os.fsync

    def noted(handle: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(handle).st_mode))
        real(handle)

    monkeypatch.setattr(os, "fsync", noted)
    files.store(tmp_path, PDF)
    assert synced == [False, True]


FULL_DISK = """
import os, resource, signal, sys
from pathlib import Path
from assets.core import files
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
folder = Path(sys.argv[1])
small = files.store(folder, b"%PDF-1.7 small")
try:
    files.store(folder, b"%PDF-1.7" + os.urandom(500_000))
except files.NoSpace as error:
    print(error.code, sorted(p.name for p in folder.iterdir()) == [small.key], files.read(folder, small.key)[:4])
"""


def test_full_disk_leaves_no_part_of_a_file_and_the_others_whole(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split("\n")[0] == "no_space True b'%PDF'"


@pytest.mark.parametrize("key", ["../secret", "/etc/passwd", "..%5C..%5Cconf", "CON", "", "x" * 32, "\0", "0" * 32])
def test_only_our_own_names_lead_to_a_file(tmp_path: Path, key: str) -> None:
    (tmp_path / "secret").write_bytes(b"%PDF")
    (tmp_path / "files").mkdir()
    with pytest.raises(NotFound):
        files.read(tmp_path / "files", key)


def test_file_is_read_in_pieces_or_refused_before_the_first(tmp_path: Path) -> None:
    stored = files.store(tmp_path, PDF + bytes(1_000_000))
    found = list(files.pieces_of(tmp_path, stored.key))
    assert b"".join(found) == PDF + bytes(1_000_000)
    assert len(found) > 1
    with pytest.raises(NotFound):
        files.pieces_of(tmp_path, "0" * 32)
