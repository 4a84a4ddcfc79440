"""What a phone needs to put the product on its home screen."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask
from PIL import Image

from assets.web.views.app_manifest import ACCENT
from tests.support.engines import ON_ONE_ENGINE

pytestmark = ON_ONE_ENGINE
SAFE_SHARE = 0.4
"""Of the width: a maskable icon keeps its mark within a circle of this radius (W3C, Web Application Manifest)."""


def test_every_page_names_the_manifest_and_it_begins_at_the_scanner(web: Flask) -> None:
    client = web.test_client()
    page = client.get("/login").get_data(as_text=True)
    address = re.findall(r'<link rel="manifest" href="([^"]+)"', page)
    assert len(address) == 1
    answer = client.get(address[0])
    assert answer.content_type.startswith("application/manifest+json")
    manifest = answer.get_json(force=True)
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == ("/scan", "/", "standalone")
    assert manifest["orientation"] in {"any", "portrait"}
    assert manifest["name"]


@pytest.mark.parametrize("lang", ["en", "ru", "uz"])
def test_manifest_speaks_the_language_of_the_page_since_browsers_ask_without_cookies(lang: str, web: Flask) -> None:
    assert web.test_client().get(f"/manifest.webmanifest?lang={lang}").get_json(force=True)["lang"] == lang


def test_unknown_language_is_not_repeated(web: Flask) -> None:
    assert web.test_client().get("/manifest.webmanifest?lang=<x>").get_json(force=True)["lang"] in {"en", "ru", "uz"}


def test_icons_are_there_in_the_sizes_that_they_say(web: Flask) -> None:
    client = web.test_client()
    icons = client.get("/manifest.webmanifest").get_json(force=True)["icons"]
    assert {(icon["sizes"], icon["purpose"]) for icon in icons} == {
        ("192x192", "any"), ("512x512", "any"), ("192x192", "maskable"), ("512x512", "maskable"),
    }  # fmt: skip
    for icon in icons:
        with client.get(icon["src"]) as answer:
            assert answer.content_type == "image/png"
            picture = Image.open(io.BytesIO(answer.data))
        assert "x".join(map(str, picture.size)) == icon["sizes"]
        if icon["purpose"] == "maskable":
            assert_safe(picture.convert("RGBA"))


def assert_safe(picture: Image.Image) -> None:
    """Filled to the edges, and nothing but the ground outside the circle that no phone cuts into."""
    width = picture.width
    ground = (*bytes.fromhex(ACCENT[1:]), 255)
    outside = [
        picture.getpixel((x, y))
        for x in range(0, width, 4)
        for y in range(0, width, 4)
        if (x - width / 2) ** 2 + (y - width / 2) ** 2 > (SAFE_SHARE * width) ** 2
    ]
    assert set(outside) == {ground}


def test_iphone_finds_its_icon(web: Flask) -> None:
    client = web.test_client()
    address = re.findall(r'rel="apple-touch-icon" href="([^"]+)"', client.get("/login").get_data(as_text=True))[0]
    with client.get(address) as answer:
        picture = Image.open(io.BytesIO(answer.data))
    assert picture.size == (180, 180)
    assert picture.convert("RGBA").getchannel("A").getextrema() == (255, 255), "what is transparent becomes black there"
