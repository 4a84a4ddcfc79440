"""A film for a fake camera: a printed label, lying a little askew in uneven light, as raw video that Chromium plays."""

from __future__ import annotations

import subprocess
from pathlib import Path

from PIL import Image, ImageChops, ImageFilter

from assets.labels.layouts import LAYOUTS, Layout
from assets.labels.sheet import LabelText, render_sheet

DPI = 200
SIZE = (1280, 720)
FRAMES = 5


def printed_label(code: str, layout_name: str, base_address: str, folder: Path) -> Image.Image:
    """The first label of a printed sheet (PDF through poppler), cut out as a grey picture."""
    layout: Layout = LAYOUTS[layout_name]
    sheet = render_sheet([LabelText(code, "Inspection mirror", ("Tashkent",))], layout, 1, base_address)
    (folder / "label.pdf").write_bytes(sheet.pdf)
    command = ["pdftoppm", "-r", str(DPI), "-gray", "-png", "-singlefile", "label.pdf", "label"]
    subprocess.run(command, cwd=folder, check=True, timeout=120)
    left, top = (mm * DPI / 25.4 for mm in layout.margins_mm)
    width, height = (mm * DPI / 25.4 for mm in layout.label_mm)
    with Image.open(folder / "label.png") as page:
        return page.convert("L").crop((round(left), round(top), round(left + width), round(top + height)))


def film(label: Image.Image, path: Path) -> Path:
    """A YUV4MPEG2 file of a few frames: the label on a grey table, turned by some degrees, dimmer to one side."""
    scale = 520 / label.width
    label = label.resize((520, round(label.height * scale)), Image.Resampling.LANCZOS)
    turned = label.rotate(8, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=96)
    light = Image.linear_gradient("L").resize(SIZE).point(lambda value: 150 + value * 105 // 255)
    with path.open("wb") as target:
        target.write(f"YUV4MPEG2 W{SIZE[0]} H{SIZE[1]} F5:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(FRAMES):
            frame = Image.new("L", SIZE, 96)
            frame.paste(turned, (300 + 4 * number, 140 + 2 * number))
            seen = ImageChops.multiply(frame.filter(ImageFilter.GaussianBlur(0.8)), light)
            chroma = bytes([128]) * (SIZE[0] * SIZE[1] // 4)
            target.write(b"FRAME\n" + seen.tobytes() + chroma + chroma)
    return path
