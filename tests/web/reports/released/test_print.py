"""A summary on paper: page one answers all, grey is enough, and it can be read out."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

from PIL import Image

from tests.web.reports.released.markup import Clients, pages_of, plain, text_of


def test_page_one_of_the_print_answers_all_seven_questions(released: int, client_for: Clients) -> None:
    pdf = client_for("donor").get(f"/summaries/{released}/file.pdf").get_data()
    done = subprocess.run(["pdftotext", "-l", "1", "-", "-"], input=pdf, capture_output=True, check=True)
    page_one = " ".join(done.stdout.decode().split())
    for word in ("provided?", "there?", "work?", "used?", "results?", "problems?", "requested?"):
        assert word in page_one
    assert "two seats in the operators" in page_one
    assert "plan 60 %" in page_one


def test_pdf_meets_the_standard_for_accessible_documents(released: int, client_for: Clients) -> None:
    answer = client_for("donor").get(f"/summaries/{released}/file.pdf")
    assert answer.mimetype == "application/pdf"
    assert b"pdfuaid:part" in answer.get_data()


BOX = re.compile(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</word>')
DOTS_PER_INCH = 200
# WCAG AA for text; of what is printed grey only lightness is left.
READABLE = 4.5


def test_every_word_of_the_print_is_readable_in_grey(two: tuple[int, int], client_for: Clients, tmp_path: Path) -> None:
    pdf = tmp_path / "summary.pdf"
    pdf.write_bytes(client_for("donor").get(f"/summaries/{two[0]}/file.pdf").get_data())
    subprocess.run(["pdftoppm", "-gray", "-r", str(DOTS_PER_INCH), pdf, tmp_path / "page"], check=True)
    done = subprocess.run(["pdftotext", "-bbox", pdf, "-"], capture_output=True, check=True)
    boxes = [BOX.findall(page) for page in done.stdout.decode().split("<page ")[1:]]
    pictures = [Image.open(path) for path in sorted(tmp_path.glob("page*.pgm"))]
    assert len(pictures) == len(boxes) >= 6
    assert all(picture.mode == "L" for picture in pictures)
    seen, faint = 0, []
    for picture, words in zip(pictures, boxes, strict=True):
        for *corners, word in words:
            if not re.search(r"\w", word):
                continue
            lowest, highest = picture.crop(_on_paper(corners)).getextrema()
            seen += 1
            if (_lightness(highest) + 0.05) / (_lightness(lowest) + 0.05) < READABLE:
                faint.append(word)
    assert seen > 1000
    assert faint == []


def _on_paper(corners: list[str]) -> tuple[int, int, int, int]:
    left, top, right, bottom = (float(part) * DOTS_PER_INCH / 72 for part in corners)
    return int(left), int(top), round(right + 1), round(bottom + 1)


def _lightness(grey: Any) -> float:
    part = float(grey) / 255
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def test_state_against_the_plan_is_printed_as_words_and_not_as_a_colour(
    two: tuple[int, int], client_for: Clients, api: Clients
) -> None:
    donor = client_for("donor")
    page = text_of(donor, f"/summaries/{two[0]}")
    marks = [plain(mark) for mark in re.findall(r'<span class="state \w+">(.*?)</span>', page, re.DOTALL)]
    bands = {"80 % of plan or more", "50 to 80 % of plan", "below 50 % of plan", "unknown"}
    against = [mark for mark in marks if mark in bands]
    assert len(against) == 4
    printed = " ".join(pages_of(donor.get(f"/summaries/{two[0]}/file.pdf").get_data())[0].split())
    # The key under the answers names each band once more.
    for band in bands - {"unknown"}:
        assert printed.count(band.removesuffix(" of plan")) == against.count(band) + 1, band
