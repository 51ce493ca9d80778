"""The little drawings of the demo's pictures (a cup, a shirt, a lamp) and the choice among them."""

import re

from tradewind_host.demo.motifs.kitchen import KITCHEN
from tradewind_host.demo.motifs.rooms import ROOMS
from tradewind_host.demo.motifs.wear import WEAR
from tradewind_host.demo.pen import GROUND, Motif, Pen, Tones


def motif_for(title: str, category: str) -> Motif:
    """The drawing for a product: the last thing that its title names decides.

    In English the thing comes last ("tea towel", "soap dish"), unless a comma adds how many. Where
    the title names none, the handle of the category decides in the same way, or else it is a gift.
    """
    named = _KNOWN.findall(f"{category} {title}".lower().split(",")[0])
    return _MOTIFS[named[-1]] if named else _gift


def _gift(pen: Pen, tones: Tones) -> None:
    pen.arc(42, 27, (8, 7), (0, 360), tones.accent, 3)
    pen.arc(58, 27, (8, 7), (0, 360), tones.accent, 3)
    pen.box(26, 42, 74, GROUND, tones.main, corner=2)
    pen.box(22, 33, 78, 44, tones.shade, corner=2)
    pen.box(45.5, 33, 54.5, GROUND, tones.accent)


_MOTIFS = {
    name: motif for names, motif in (KITCHEN | WEAR | ROOMS).items() for name in names.split(", ")
}
_KNOWN = re.compile(rf"\b({'|'.join(sorted(_MOTIFS, key=len, reverse=True))})s?\b")
