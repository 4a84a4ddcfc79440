"""What a basket keeps of what was ticked, and the ids of what it becomes: each its own, UUIDs as the server takes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

MODULE = Path(__file__).parents[3] / "assets" / "web" / "static" / "shifts" / "basket.js"
IDS = """
import { readFileSync } from "node:fs";
import { actionId } from "./shifts/basket.mjs";
process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map((each) => actionId(...each))));
"""
# What the server said of one item, time after time; "tick" is a person who ticks the card that he sees.
LOOKS = """
import { readFileSync } from "node:fs";
import { emptyBasket, put } from "./shifts/basket.mjs";
const basket = emptyBasket("b"), code = "WW1THES6DP";
const item = (ok) => ({ code, title: "", class_code: "kit", custodian: null, fit: { ok, reasons: [] } });
put(basket, code, item(true), { ticked: false });
const shown = basket.things[0];
for (const each of JSON.parse(readFileSync(0, "utf8"))) {
  if (each === "tick") shown.ticked = true;
  else put(basket, code, item(each === "fit"), { ticked: shown.ticked });
}
process.stdout.write(JSON.stringify(basket.things.map((thing) => thing.ticked)));
"""


def ids(tmp_path: Path, asked: list[tuple[str, str]]) -> list[str]:
    found: list[str] = ran(tmp_path, IDS, asked)
    return found


def ran(tmp_path: Path, script: str, asked: object) -> Any:
    node = shutil.which("node")
    assert node, "node is needed to run what the browser does"
    (tmp_path / "shifts").mkdir(exist_ok=True)
    shutil.copy(MODULE, tmp_path / "shifts" / "basket.mjs")
    shutil.copy(MODULE.parent / "words.js", tmp_path / "shifts" / "words.js")
    shutil.copy(MODULE.parent.parent / "label-code.js", tmp_path / "label-code.js")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "run.mjs").write_text(script)
    done = subprocess.run(
        [node, str(tmp_path / "run.mjs")], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_same_thing_of_the_same_basket_has_the_same_id_and_no_two_share_one(tmp_path: Path) -> None:
    baskets = [str(uuid4()) for _ in range(20)]
    codes = ["", "WW1THES6DP", "WW1THES6DQ", "PW1THES6DW", "KXQWTZP91S"]
    asked = [(basket, code) for basket in baskets for code in codes]
    found = ids(tmp_path, asked)
    assert found == ids(tmp_path, asked)
    assert len(set(found)) == len(asked)
    assert {(UUID(each).version, str(UUID(each))) for each in found} == {(4, each) for each in found}


@pytest.mark.parametrize(
    ("happened", "goes"),
    [
        (["tick"], True),
        (["tick", "fit"], True),
        (["tick", "unfit"], False),
        (["unfit", "tick"], True),
        (["unfit", "tick", "unfit"], True),
        (["unfit", "tick", "unfit", "fit"], True),
        (["tick", "unfit", "fit"], False),
    ],
)
def test_looking_again_unticks_only_what_became_unfit_since_it_was_ticked(
    tmp_path: Path, happened: list[str], goes: bool
) -> None:
    assert ran(tmp_path, LOOKS, happened) == [goes]
