"""What is worn, folded or carried."""

from tradewind_host.demo.pen import GROUND, Motif, Pen, Tones


def _shirt(pen: Pen, tones: Tones) -> None:
    pen.shape(tones.shade, (36, 21), (14, 36), (23, 49), (36, 42))
    pen.shape(tones.shade, (64, 21), (86, 36), (77, 49), (64, 42))
    pen.shape(tones.main, (36, 20), (64, 20), (68, 30), (68, 72), (32, 72), (32, 30))
    pen.pie(50, 20, (9, 8), (0, 180), tones.cream)
    pen.box(55, 38, 63, 47, tones.accent, corner=1.2)


def _apron(pen: Pen, tones: Tones) -> None:
    pen.arc(50, 22, (9, 11), (180, 360), tones.ink, 2)
    pen.line(tones.ink, 2, (30, 44), (17, 50))
    pen.line(tones.ink, 2, (70, 44), (83, 50))
    pen.shape(
        tones.main, (39, 21), (61, 21), (62, 36), (72, 43), (72, 72), (28, 72), (28, 43), (38, 36)
    )
    pen.box(36, 52, 64, 64, tones.accent, corner=2)
    pen.line(tones.main, 1, (50, 52), (50, 64))


def _robe(pen: Pen, tones: Tones) -> None:
    pen.shape(tones.shade, (38, 18), (19, 51), (29, 56), (40, 40))
    pen.shape(tones.shade, (62, 18), (81, 51), (71, 56), (60, 40))
    pen.shape(tones.main, (38, 17), (62, 17), (67, GROUND), (33, GROUND))
    pen.shape(tones.cream, (42, 17), (58, 17), (50, 42))
    pen.line(tones.shade, 1, (50, 42), (50, 72))
    pen.box(35, 43, 65, 47.5, tones.accent, corner=1)
    pen.line(tones.accent, 2, (53, 47), (56, 58))


def _cloth(pen: Pen, tones: Tones) -> None:
    for top, color in ((57, tones.shade), (42, tones.main), (27, tones.cream)):
        pen.box(24, top, 76, top + 15.5, color, corner=6)
        pen.line(tones.accent, 1.6, (27, top + 5), (73, top + 5))
        pen.line(tones.accent, 0.9, (27, top + 8.5), (73, top + 8.5))


def _wrap(pen: Pen, tones: Tones) -> None:
    pen.box(28, 20, 72, 66, tones.main, corner=1.5)
    for left, color in (
        (33, tones.accent),
        (40, tones.cream),
        (54, tones.shade),
        (62, tones.accent),
    ):
        pen.box(left, 20, left + 4.5, 66, color)
    for step in range(12):
        pen.line(tones.shade, 0.9, (30 + step * 3.65, 66), (30 + step * 3.65, 72))
    pen.line(tones.ink, 2, (20, 19.5), (80, 19.5))


def _checked(pen: Pen, tones: Tones) -> None:
    pen.box(25, 21, 75, 72, tones.main, corner=5)
    for step in range(5):
        start = 28 + step * 9.6
        pen.box(start, 21, start + 3.6, 72, "#00000038")
        pen.box(25, start - 4, 75, start - 0.4, "#00000038")
        pen.box(start + 5.6, 21, start + 6.4, 72, tones.accent)
    pen.shape(tones.cream, (61, 21), (75, 35), (75, 26), (70, 21))
    pen.shape(tones.shade, (61, 21), (75, 35), (62, 34))


def _pillow(pen: Pen, tones: Tones) -> None:
    pen.box(19, 30, 81, 71, tones.main, corner=14)
    for x, y in ((22, 32), (78, 32), (22, 69), (78, 69)):
        pen.disc(x, y, 4, tones.main)
    pen.box(25, 35, 75, 66, tones.cream, corner=10)
    pen.line(tones.accent, 1.2, (33, 45), (67, 45))
    pen.line(tones.accent, 1.2, (33, 56), (67, 56))


def _shoe(pen: Pen, tones: Tones) -> None:
    pen.shape(tones.main, (20, 34), (42, 34), (58, 48), (80, 54), (83, 66), (19, 66))
    pen.disc(78, 60, 6, tones.main)
    pen.box(17, 64, 86, GROUND, tones.cream, corner=4)
    pen.line(tones.accent, 1.4, (19, 68.5), (84, 68.5))
    pen.oval(31, 34, 11, 3, tones.shade)
    for step in range(3):
        x, y = 42 + step * 6, 39 + step * 5
        pen.line(tones.cream, 1.8, (x - 2, y + 5), (x + 5, y))


def _sandal(pen: Pen, tones: Tones) -> None:
    for x in (34, 66):
        pen.box(x - 12, 18, x + 12, 72, tones.shade, corner=12)
        pen.box(x - 9.5, 20.5, x + 9.5, 69.5, tones.cream, corner=9.5)
        pen.line(tones.main, 4.5, (x - 10, 46), (x, 31), (x + 10, 46))
        pen.box(x - 11, 55, x + 11, 60, tones.main, corner=2)
        pen.disc(x, 33, 2.6, tones.accent)


def _boot(pen: Pen, tones: Tones) -> None:
    pen.box(33, 14, 57, 66, tones.main, corner=3)
    pen.box(33, 50, 78, 69, tones.main, corner=9)
    pen.box(30, 66, 81, GROUND, tones.shade, corner=3)
    pen.box(31, 14, 59, 20, tones.accent, corner=2)
    pen.box(37, 25, 40, 48, "#ffffff50", corner=1.5)


def _bag(pen: Pen, tones: Tones) -> None:
    pen.arc(50, 35, (13, 19), (180, 360), tones.ink, 2.8)
    pen.shape(tones.main, (25, 34), (75, 34), (78, GROUND), (22, GROUND))
    for step in range(6):
        x = 30.5 + step * 7.8
        pen.shape(tones.accent, (x - 3.2, 53), (x, 47), (x + 3.2, 53), (x, 59))
        pen.disc(x, 53, 1.3, tones.cream)
    pen.line(tones.cream, 1, (24, 43), (76, 43))
    pen.line(tones.cream, 1, (23, 63), (77, 63))


WEAR: dict[str, Motif] = {
    "shirt, clothing, tailoring": _shirt,
    "apron": _apron,
    "robe": _robe,
    "towel, napkin, sheet, mat, linen, bed, bath": _cloth,
    "wrap, kikoi": _wrap,
    "shuka, blanket, throw": _checked,
    "pillow": _pillow,
    "shoe": _shoe,
    "sandal, slipper": _sandal,
    "boot": _boot,
    "bag, tote, laundry": _bag,
}
"""The words of a title or a category that ask for each drawing."""
