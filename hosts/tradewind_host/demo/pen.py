"""A pen and its colors, so that drawings can be written without thinking of pixels."""

from collections.abc import Callable, Sequence

import msgspec
from PIL import ImageDraw

GROUND = 73.0
"""Where things stand: the y of the ground, in hundredths of the picture's side from its top."""


class Tones(msgspec.Struct, frozen=True, kw_only=True):
    """The colors of one picture: `main` and its `shade`, an `accent`, a `cream`, and text `ink`."""

    main: str
    shade: str
    accent: str
    cream: str
    ink: str


class Pen:
    """Draws on a square canvas of any size in units of a hundredth of its side."""

    def __init__(self, canvas: ImageDraw.ImageDraw, side: int) -> None:
        self._canvas = canvas
        self._unit = side / 100

    def disc(self, x: float, y: float, radius: float, fill: str) -> None:
        """Fill a circle around (x, y)."""
        self.oval(x, y, radius, radius, fill)

    def oval(self, x: float, y: float, across: float, down: float, fill: str) -> None:
        """Fill an ellipse around (x, y) with these two radii."""
        self._canvas.ellipse(self._scaled(x - across, y - down, x + across, y + down), fill=fill)

    def box(
        self, left: float, top: float, right: float, bottom: float, fill: str, corner: float = 0
    ) -> None:
        """Fill a rectangle whose corners are rounded with radius `corner`."""
        shape = self._scaled(left, top, right, bottom)
        self._canvas.rounded_rectangle(shape, radius=corner * self._unit, fill=fill)

    def shape(self, fill: str, *points: tuple[float, float]) -> None:
        """Fill a polygon."""
        self._canvas.polygon([self._at(point) for point in points], fill=fill)

    def line(self, fill: str, width: float, *points: tuple[float, float]) -> None:
        """Draw a line through the points, with rounded joints and ends."""
        pixels = round(width * self._unit)
        self._canvas.line([self._at(p) for p in points], fill=fill, width=pixels, joint="curve")
        for x, y in (points[0], points[-1]):
            self.disc(x, y, width / 2, fill)

    def arc(
        self,
        x: float,
        y: float,
        radii: tuple[float, float],
        degrees: tuple[float, float],
        fill: str,
        width: float,
    ) -> None:
        """Draw a part of an ellipse's outline, clockwise from three o'clock."""
        shape = self._scaled(x - radii[0], y - radii[1], x + radii[0], y + radii[1])
        self._canvas.arc(shape, *degrees, fill=fill, width=round(width * self._unit))

    def pie(
        self,
        x: float,
        y: float,
        radii: tuple[float, float],
        degrees: tuple[float, float],
        fill: str,
    ) -> None:
        """Fill a slice of an ellipse, clockwise from three o'clock."""
        shape = self._scaled(x - radii[0], y - radii[1], x + radii[0], y + radii[1])
        self._canvas.pieslice(shape, *degrees, fill=fill)

    def _at(self, point: tuple[float, float]) -> tuple[float, float]:
        return point[0] * self._unit, point[1] * self._unit

    def _scaled(self, *numbers: float) -> Sequence[float]:
        return [number * self._unit for number in numbers]


Motif = Callable[[Pen, Tones], None]
"""A drawing: it stands on `GROUND`, is centered at 50 and leaves the title's place free."""


def leaf(pen: Pen, tones: Tones, x: float, y: float, length: float) -> None:
    """Draw the leaf that labels carry, around (x, y) and `length` to each side."""
    pen.shape(
        tones.accent,
        (x - length, y + length * 0.5),
        (x - length * 0.6, y - length * 0.4),
        (x + length * 0.2, y - length * 0.75),
        (x + length, y - length * 0.7),
        (x + length * 0.75, y + length * 0.2),
        (x + length * 0.1, y + length * 0.7),
    )
    pen.line(tones.shade, 0.9, (x - length, y + length * 0.6), (x + length * 0.5, y - length * 0.3))
