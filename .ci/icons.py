"""Draws the icons of the home screen from the brand's own drawing (maintainers): .venv/bin/python .ci/icons.py"""

from __future__ import annotations

import io
import re
from pathlib import Path

import typst
from PIL import Image

STATIC = Path(__file__).resolve().parents[1] / "assets" / "web" / "static"
BACKGROUND = "#123f86"
PAGE = "#set page(width: 100pt, height: 100pt, margin: 0pt, fill: none)\n#image(bytes(sys.inputs.svg), width: 100pt)"
# The mark fills the middle: phones cut a maskable icon to any shape within a circle of four fifths (W3C, App Manifest).
MARK_SHARE = {"any": 1.0, "maskable": 0.9, "apple": 1.0}


def drawing(purpose: str) -> str:
    """An SVG: the brand with round corners, or its mark on a ground that reaches the edges."""
    paths = re.findall(r"<path [^>]*/>", (STATIC / "brand.svg").read_text(encoding="utf-8"))
    ground, mark = paths[0], "".join(paths[1:])
    if purpose != "any":
        ground = f'<rect width="32" height="32" fill="{BACKGROUND}"/>'
    share = MARK_SHARE[purpose]
    moved = f'<g transform="translate({16 * (1 - share)} {16 * (1 - share)}) scale({share})">{mark}</g>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{ground}{moved}</svg>'


def main() -> None:
    """Write every icon."""
    folder = STATIC / "app-icons"
    folder.mkdir(exist_ok=True)
    for purpose, sizes in {"any": (192, 512), "maskable": (192, 512), "apple": (180,)}.items():
        for size in sizes:
            drawn = typst.compile(PAGE.encode(), format="png", ppi=72 * 10.24, sys_inputs={"svg": drawing(purpose)})
            picture = Image.open(io.BytesIO(drawn)).convert("RGBA").resize((size, size), Image.Resampling.LANCZOS)
            if purpose != "any":
                picture = picture.convert("RGB")
            picture.save(folder / f"{purpose}-{size}.png", optimize=True)


if __name__ == "__main__":
    main()
