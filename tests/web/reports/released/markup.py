"""What a reader finds in a page or a file of a summary."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

Clients = Callable[[str], Any]


def text_of(browser: Any, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return unescape(str(answer.get_data(as_text=True)))


def plain(markup: str) -> str:
    """The words of a piece of a page, without what opens on demand."""
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"</?summary>|<p>.*?</dl>", "", markup, flags=re.DOTALL)).split())


def tables(page: str) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Caption, heads and rows of each table, the cells as markup."""
    for table in re.findall(r"<table.*?</table>", page, re.DOTALL):
        caption = plain(re.findall(r"<caption[^>]*>(.*?)</caption>", table, re.DOTALL)[0])
        head, *rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
        cells = [[cell for _, cell in re.findall(r"<(th|td)\b[^>]*>(.*?)</\1>", row, re.DOTALL)] for row in rows]
        yield caption, [plain(cell) for _, cell in re.findall(r"<(th|td)\b[^>]*>(.*?)</\1>", head, re.DOTALL)], cells


def explanations(markup: str) -> list[dict[str, str]]:
    """What opens beside figures: their definition and facts by label."""
    found = []
    for block in re.findall(r'<details class="explained">(.*?)</details>', markup, re.DOTALL):
        facts = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", block, re.DOTALL))
        definition, formula = re.findall(r"<p>(.*?) <em>(.*?)</em></p>", block, re.DOTALL)[0]
        found.append({"definition": definition, "formula": formula, **facts})
    return found


def numbers(text: str) -> list[float]:
    """The numbers in words of a page; a minus may be the typographical one."""
    return [float(n.replace(",", "")) for n in re.findall(r"-?\d[\d,]*\.?\d*", text.replace("−", "-"))]


def percent(share: float | None) -> str:
    return "–" if share is None else f"{round(round(share, 3) * 100, 1):g} %"


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page."""
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode().split("\f")[:-1]
