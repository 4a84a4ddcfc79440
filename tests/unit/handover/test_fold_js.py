"""The browser folds numbers as the server does; node runs the twin over shared vectors."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path

from assets.registry.rules.folding import fold_identifier

MODULE = Path(__file__).parents[3] / "assets" / "web" / "static" / "rounds" / "fold.js"
RUNNER = """
import { readFileSync } from "node:fs";
import { foldNumber } from "./fold.mjs";
process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(foldNumber)));
"""


def vectors() -> list[str]:
    rng = random.Random(7)
    letters = (
        "ABEHKMOPTXI0189abeiosz АВЕЁЗКМНОРСТУХІЈЅԚԜавеёкморстух ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ-–—_. \u00a0\u200b\ufeffᴬ①ﬀ/№é\u0301"
    )
    return ["", *("".join(rng.choices(letters, k=rng.randrange(1, 24))) for _ in range(1500))]


def test_numbers_fold_alike_in_browser_and_server(tmp_path: Path) -> None:
    node = shutil.which("node")
    assert node, "node is needed to run the browser's twin"
    shutil.copy(MODULE, tmp_path / "fold.mjs")
    (tmp_path / "run.mjs").write_text(RUNNER)
    texts = vectors()
    done = subprocess.run(
        [node, str(tmp_path / "run.mjs")], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    wrong = [
        (text, theirs, ours)
        for text, theirs, ours in zip(texts, json.loads(done.stdout), map(fold_identifier, texts), strict=True)
        if theirs != ours
    ]
    assert not wrong
