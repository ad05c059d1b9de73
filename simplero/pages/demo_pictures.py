"""Pictures for the demo's products, drawn from a few shapes: paper cut-outs in the business's colours."""

import io
from collections.abc import Callable

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw, ImageFilter

SIZE = (1200, 900)
_FINE = 2  # drawn larger and then made smaller, for smooth edges

Colours = tuple[str, ...]
NORTHERN: Colours = ("#e9e2d3", "#d9a45b", "#2f5d50", "#8fb3a3", "#1f2f38")
SALTWATER: Colours = ("#f1e6da", "#e07a5f", "#2a6f7f", "#f2cc8f", "#193f4a")

Draw = Callable[[ImageDraw.ImageDraw, Colours], None]


def picture(name: str, colours: Colours) -> ContentFile:
    """A PNG of the shape called `name`."""
    width, height = SIZE[0] * _FINE, SIZE[1] * _FINE
    image = Image.new("RGB", (width, height), colours[0])
    shadow = Image.new("RGB", (width, height), colours[0])
    _SHAPES[name](ImageDraw.Draw(shadow), tuple(_darker(colour) for colour in colours))
    blurred = shadow.resize(SIZE).filter(ImageFilter.GaussianBlur(14)).resize(image.size)
    image.paste(blurred, (0, 0))
    layer = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    _SHAPES[name](ImageDraw.Draw(layer), colours)
    image.paste(layer, (-12, -18), layer)
    made = io.BytesIO()
    image.resize(SIZE, Image.Resampling.LANCZOS).save(made, "PNG")
    return ContentFile(made.getvalue(), name=f"{name}.png")


def _darker(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"#{int(red * 0.86):02x}{int(green * 0.85):02x}{int(blue * 0.84):02x}"


def _at(*parts: float) -> list[float]:
    """Places given in thousandths of the width and 750ths of the height, as pixels."""
    return [part * SIZE[0] * _FINE / 1000 for part in parts]


def _hills(draw: ImageDraw.ImageDraw, colours: Colours) -> None:
    draw.ellipse(_at(610, 120, 820, 330), fill=colours[1])
    draw.polygon(_at(-40, 800, -40, 520, 260, 300, 560, 610, 760, 430, 1060, 650, 1060, 800), fill=colours[3])
    draw.polygon(_at(-40, 800, -40, 640, 320, 470, 640, 680, 1060, 510, 1060, 800), fill=colours[2])


def _path(draw: ImageDraw.ImageDraw, colours: Colours) -> None:
    for step in range(5):
        left, top = 180 + step * 130, 560 - step * 95
        draw.rounded_rectangle(_at(left, top, left + 190, top + 62), radius=40, fill=colours[1 + step % 3])
    draw.ellipse(_at(810, 70, 900, 160), fill=colours[4])


def _arches(draw: ImageDraw.ImageDraw, colours: Colours) -> None:
    for ring, colour in enumerate((colours[2], colours[3], colours[1], colours[4])):
        inset = ring * 80
        draw.pieslice(_at(180 + inset, 150 + inset, 820 - inset, 790 - inset), 180, 360, fill=colour)
        draw.rectangle(_at(180 + inset, 468, 820 - inset, 640), fill=colour)


def _waves(draw: ImageDraw.ImageDraw, colours: Colours) -> None:
    draw.ellipse(_at(330, 110, 670, 450), fill=colours[1])
    for row, colour in enumerate((colours[3], colours[2], colours[4])):
        top = 380 + row * 115
        for crest in range(-1, 6):
            left = crest * 260 - row * 90
            draw.ellipse(_at(left, top, left + 280, top + 210), fill=colour)
        draw.rectangle(_at(-10, top + 105, 1060, 800), fill=colour)


def _stones(draw: ImageDraw.ImageDraw, colours: Colours) -> None:
    for left, top, wide, tall, colour in (
        (230, 520, 540, 150, colours[4]),
        (290, 395, 420, 140, colours[2]),
        (350, 285, 310, 122, colours[3]),
        (410, 190, 190, 105, colours[1]),
    ):
        draw.ellipse(_at(left, top, left + wide, top + tall), fill=colour)


def _circle(draw: ImageDraw.ImageDraw, colours: Colours) -> None:
    for place, colour in enumerate((colours[2], colours[1], colours[3], colours[4], colours[1], colours[2])):
        left = 140 + (place % 3) * 250
        top = 130 + (place // 3) * 250
        draw.ellipse(_at(left, top, left + 210, top + 210), fill=colour)
        draw.pieslice(
            _at(left, top, left + 210, top + 210), 90 * place, 90 * place + 180, fill=colours[(place + 2) % 5 or 1]
        )


def _leaf(draw: ImageDraw.ImageDraw, colours: Colours) -> None:
    draw.rectangle(_at(492, 200, 508, 700), fill=colours[4])
    for pair in range(4):
        top = 190 + pair * 110
        draw.chord(_at(250, top, 500, top + 190), 200, 20, fill=colours[2 + pair % 2])
        draw.chord(_at(500, top, 750, top + 190), 160, 340, fill=colours[2 + (pair + 1) % 2])
    draw.ellipse(_at(450, 90, 550, 190), fill=colours[1])


def _talk(draw: ImageDraw.ImageDraw, colours: Colours) -> None:
    draw.rounded_rectangle(_at(170, 150, 620, 430), radius=130, fill=colours[2])
    draw.polygon(_at(260, 420, 380, 420, 250, 530), fill=colours[2])
    draw.rounded_rectangle(_at(430, 330, 840, 580), radius=120, fill=colours[1])
    draw.polygon(_at(640, 570, 760, 570, 770, 680), fill=colours[1])


_SHAPES: dict[str, Draw] = {
    "hills": _hills,
    "path": _path,
    "arches": _arches,
    "waves": _waves,
    "stones": _stones,
    "circle": _circle,
    "leaf": _leaf,
    "talk": _talk,
}
