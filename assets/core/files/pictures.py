"""Pictures written anew from their pixels: position, camera, comments, colour profiles and appended data are gone.

What the header says is checked before a pixel is decoded, so that a small file cannot unpack into all of the memory.
"""

from __future__ import annotations

from io import BytesIO
from threading import BoundedSemaphore

from PIL import Image, ImageOps

from assets.core.errors import InvalidInput
from assets.core.i18n import msg

MAX_PIXELS = 40_000_000  # An A4 page scanned at 600 dpi has 35 million; decoded, 40 million take 160 MB.
MAX_SIDE = 20_000
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
_SAVING: dict[str, dict[str, object]] = {
    "PNG": {"compress_level": 4},
    "JPEG": {"quality": 88, "optimize": True},
    "WEBP": {"quality": 88, "method": 2},
}
_SEE_THROUGH = frozenset({"RGBA", "LA", "PA", "La", "RGBa"})
_GREY = frozenset({"1", "L"})
# One picture at a time in a process: two threads with a large one each would take twice the memory.
_one_at_a_time = BoundedSemaphore(1)


def reencoded(content: bytes, content_type: str) -> bytes:
    """The picture in `content`, upright, with nothing but its pixels, as the same type.

    `InvalidInput` with the code `picture_too_large`, `picture_moves` (several frames) or `picture_broken`.
    """
    wanted = _FORMATS[content_type]
    with _one_at_a_time:
        try:
            # A JPEG opens as MPO when a phone put a second picture behind the first: the first is the one that is seen.
            with Image.open(BytesIO(content), formats=(wanted,)) as picture:
                _check(picture, wanted)
                return _written(picture, wanted)
        except InvalidInput:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise _too_large() from error
        except Exception as error:  # Pillow raises anything at all for damaged files
            raise InvalidInput(
                msg("The picture is damaged and cannot be opened. Take or scan it again."), code="picture_broken"
            ) from error


def _check(picture: Image.Image, wanted: str) -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise _too_large()
    if wanted != "JPEG" and getattr(picture, "n_frames", 1) > 1:
        raise InvalidInput(msg("Moving pictures are not taken. Send one still picture."), code="picture_moves")


def _too_large() -> InvalidInput:
    return InvalidInput(
        msg("The picture is larger than %(n)s megapixels. Save it smaller, or scan it at a lower resolution.",
            n=MAX_PIXELS // 1_000_000),
        code="picture_too_large",
    )  # fmt: skip


def _written(picture: Image.Image, wanted: str) -> bytes:
    upright = _in_plain_mode(ImageOps.exif_transpose(picture), wanted)
    # Whatever was beside the pixels would be written again from here.
    upright.info.clear()
    target = BytesIO()
    upright.save(target, wanted, **_SAVING[wanted])
    return target.getvalue()


def _in_plain_mode(picture: Image.Image, wanted: str) -> Image.Image:
    if picture.mode.startswith("I"):
        # 16 bits of grey: brought down to 8, where a plain conversion would cut everything above 255 off to white.
        return picture.convert("I").point(lambda value: value / 256).convert("L")
    if picture.mode in _GREY and "transparency" not in picture.info:
        return picture.convert("L")
    if wanted != "JPEG" and (picture.mode in _SEE_THROUGH or "transparency" in picture.info):
        return picture.convert("RGBA")
    return picture.convert("RGB")
