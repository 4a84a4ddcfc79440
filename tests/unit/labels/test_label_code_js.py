"""The browser's twin of token.py gives the same answers; node runs both over shared vectors."""

import json
import random
import shutil
import subprocess
from pathlib import Path

from assets.labels.token import (
    ALPHABET,
    CodeError,
    code_from_scan,
    format_code,
    from_keyboard_layout,
    new_code,
    parse_code,
)

MODULE = Path(__file__).parents[3] / "assets" / "web" / "static" / "label-code.js"
OWN = ("https://assets.example.uz", "http://10.0.0.5:8000/", "https://old.example.org/Team/assets", "")
RUNNER = """
import { readFileSync } from "node:fs";
import { CodeError, ForeignAddress, parseCode, formatCode, codeFromScan, fromKeyboardLayout } from "./label-code.mjs";
const { texts, own } = JSON.parse(readFileSync(0, "utf8"));
const tried = (read) => {
  try { const code = read(); return [code, formatCode(code)]; } catch (problem) {
    if (!(problem instanceof CodeError)) throw problem;
    return [problem.reason, problem instanceof ForeignAddress ? problem.host : null];
  }
};
const answers = texts.map((text) => [
  tried(() => parseCode(text)), tried(() => codeFromScan(text, own)), fromKeyboardLayout(text),
]);
process.stdout.write(JSON.stringify(answers));
"""


def vectors() -> list[str]:
    """Codes, addresses and keyboard layouts, right ones and ones with a few characters changed."""
    rng = random.Random(11)
    keys = "йцукенгшщзхъфывапролджэячсмитьбюёЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮЁўқғҳЎҚҒҲ"
    strange = [
        *keys,
        *' .,"№;:?/\\@#-–_\u200b\u00a0\u0131\u017f\u212a\U0001f600\t\n',
        *ALPHABET,
        *"oOiIlLuU",
    ]
    bases = [
        *("https://assets.example.uz/a/", "HTTPS://ASSETS.EXAMPLE.UZ/A/", "http://10.0.0.5:8000/a/", ""),
        *("https://old.example.org/Team/assets/a/", "https://old.example.org/team/ASSETS/A/", "evil.uz/a/"),
        *("https://assets.example.uz:443/a/", "http://assets.example.uz:443/a/", "//assets.example.uz/a/"),
        *("https://me@assets.example.uz/a/", "https://assets.example.uz\\a/", "ftp://assets.example.uz/a/"),
        *("assets.example.uz/a/", "https://[::1]/a/", "/a/", "РЕЕЗЫЖ..ФЫЫУЕЫюУЧФЬЗДУюГЯ.Ф."),
    ]
    texts = ["", " ", "-", "0" * 2001, "a/" * 1500, *keys, "".join(keys) + ".,/"]
    for _ in range(2500):
        code = new_code(rng)
        written = rng.choice([code, format_code(code), code.lower(), code.replace("0", "o").replace("1", "L")])
        text = rng.choice(bases) + written + rng.choice(["", "", "/", "?x=/a/1", "#/", "\r\n"])
        for _ in range(rng.choice([0, 0, 1, 2])):
            at = rng.randrange(len(text))
            text = text[:at] + rng.choice(["", rng.choice(strange)]) + text[at + rng.randrange(2) :]
        texts.append(text)
    return texts


def answer(text: str) -> list[object]:
    def tried(scan: bool) -> list[str | None]:
        try:
            code = code_from_scan(text, OWN) if scan else parse_code(text)
        except CodeError as refused:
            return [refused.reason, getattr(refused, "host", None)]
        return [code, format_code(code)]

    return [tried(scan=False), tried(scan=True), from_keyboard_layout(text)]


def test_browser_and_server_read_every_text_alike(tmp_path: Path) -> None:
    node = shutil.which("node")
    assert node is not None, "node is needed for the tests: install the Debian package nodejs"
    # Under this name node takes it for an ES module, as the browser does by its script tag.
    (tmp_path / "label-code.mjs").write_text(MODULE.read_text("utf-8"), "utf-8")
    (tmp_path / "run.mjs").write_text(RUNNER, "utf-8")
    texts = vectors()
    done = subprocess.run(
        [node, "run.mjs"],
        cwd=tmp_path,
        input=json.dumps({"texts": texts, "own": OWN}).encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    answers = json.loads(done.stdout)
    expected = [answer(text) for text in texts]
    different = [
        (text, there, here) for text, there, here in zip(texts, answers, expected, strict=True) if there != here
    ]
    assert different == []
    # The vectors hold every outcome, so that agreement means something.
    outcomes = {str(scan[0]) if scan[1] is None else "code or foreign" for _, scan, _ in answers}
    assert outcomes == {"empty", "length", "alphabet", "mistyped", "not_a_label", "code or foreign"}
    assert sum(len(scan[0]) == 10 for _, scan, _ in answers) > 500
