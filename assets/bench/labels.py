"""How long a thousand labels take to become a PDF, on three kinds of sheet."""

from __future__ import annotations

import random
import time

from assets.bench.sizes import size
from assets.labels.layouts import LAYOUTS
from assets.labels.sheet import LabelText, render_sheet
from assets.labels.token import new_code

LABELS = 1_000
SEED = 2018
MEASURED = ("plain-a4", "L7160", "L7651")
"""A sheet to cut, a large one and a small one: the others take as long for as many labels."""
BASE_ADDRESS = "https://assets.example.org"
TITLES = ("Videoscope IPLEX TX", "Автомобиль патрульный", "Йўл танламас автомобиль", "Oʻlchash asbobi")


def measure() -> dict[str, object]:
    """Seconds and pages for each layout; `BENCH_LABELS` labels with text in three scripts."""
    count = size("BENCH_LABELS", LABELS)
    rng = random.Random(SEED)
    labels = [
        LabelText(new_code(rng), TITLES[n % len(TITLES)], (f"SN {rng.randrange(10**8):08d}", "R1-2018", "IMT"))
        for n in range(count)
    ]
    found: dict[str, object] = {"labels": count}
    for name in MEASURED:
        layout = LAYOUTS[name]
        started = time.perf_counter()
        sheet = render_sheet(labels, layout, base_address=BASE_ADDRESS)
        found[f"{name}_seconds"] = round(time.perf_counter() - started, 2)
        found[f"{name}_pages"] = sheet.report.pages
    return found
