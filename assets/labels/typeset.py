"""Runs typst in a child process: it keeps the memory it takes, and ends with the process.

This file is both sides: `typeset` starts it as a script, which reads one request on standard input and
answers with a PDF. The script imports nothing of this package, so that it starts quickly.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_TIME_LIMIT_S = 120


class TypesetError(RuntimeError):
    """The typesetter failed; the message holds what it said."""


def typeset(template: Path, data: object, font_paths: Sequence[Path] = (), *, standards: Sequence[str] = ()) -> bytes:
    """The PDF of a typst `template`, which finds `data` as JSON in `sys.inputs.data`.

    `standards` are PDF standards that it must meet, or it does not compile ("ua-1": accessible). Deterministic: no
    system fonts, no time of creation. Users' text reaches the template as data only. Raises TypesetError when it does
    not compile or takes longer than two minutes.
    """
    request = {
        "template": str(template.resolve()),
        "data": json.dumps(data, ensure_ascii=False),
        "fonts": [str(path.resolve()) for path in font_paths],
        "standards": list(standards),
    }
    try:
        # -P: this folder holds a token.py, which must not stand in for the standard library's.
        done = subprocess.run(
            [sys.executable, "-P", __file__],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=_TIME_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as problem:
        raise TypesetError(f"{template.name} took longer than {_TIME_LIMIT_S} s") from problem
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()[-2000:]
        raise TypesetError(f"{template.name}, exit {done.returncode}: {said}")
    return done.stdout


def _answer() -> None:
    import typst

    request = json.load(sys.stdin.buffer)
    template = Path(request["template"])
    pdf = typst.compile(
        template,
        root=template.parent,
        font_paths=request["fonts"],
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": request["data"]},
        timestamp=0,
        pdf_standards=request["standards"],
    )
    sys.stdout.buffer.write(pdf)


if __name__ == "__main__":
    _answer()
