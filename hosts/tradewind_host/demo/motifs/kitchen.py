"""What stands on a table, a stove or a pantry shelf."""

from tradewind_host.demo.pen import GROUND, Motif, Pen, Tones, leaf


def _cup(pen: Pen, tones: Tones) -> None:
    pen.arc(66, 53, (11, 10), (250, 470), tones.shade, 4)
    pen.box(31, 38, 66, GROUND, tones.main, corner=7)
    pen.box(31, 38, 66, 50, tones.main)
    pen.oval(48.5, 38.5, 17.5, 4, tones.shade)
    pen.oval(48.5, 39, 15, 2.8, tones.accent)
    pen.box(31, 54, 66, 59, tones.cream)
    _steam(pen, tones, 48, 30)


def _steam(pen: Pen, tones: Tones, x: float, y: float) -> None:
    for offset in (-6, 1, 8):
        pen.arc(x + offset, y - 3, (2, 3), (90, 270), tones.accent, 1.3)
        pen.arc(x + offset, y - 7.7, (2, 3), (270, 450), tones.accent, 1.3)


def _kettle(pen: Pen, tones: Tones) -> None:
    pen.arc(49, 37, (19, 17), (180, 360), tones.ink, 3)
    pen.shape(tones.shade, (66, 58), (80, 37), (84, 40), (69, 67))
    pen.pie(49, 60, (24, 24), (180, 360), tones.main)
    pen.box(25, 57, 73, GROUND, tones.main, corner=6)
    pen.box(25, 60, 73, 64, tones.accent)
    pen.oval(49, 37.5, 9, 2.5, tones.shade)
    pen.disc(49, 34, 2.8, tones.ink)
    pen.arc(49, 60, (19, 19), (195, 235), tones.cream, 2)


def _flask(pen: Pen, tones: Tones) -> None:
    pen.arc(66, 49, (9, 13), (270, 450), tones.ink, 3)
    pen.box(35, 28, 66, GROUND, tones.main, corner=5)
    pen.box(38, 12, 63, 25, tones.cream, corner=3)
    pen.box(36, 24, 65, 30, tones.shade, corner=1)
    pen.box(35, 56, 66, 61, tones.accent)
    pen.box(39, 34, 41.5, 53, "#ffffff60", corner=1)


def _pitcher(pen: Pen, tones: Tones) -> None:
    pen.arc(68, 43, (10, 14), (265, 455), tones.shade, 3.4)
    pen.shape("#ffffffb0", (33, 18), (29, 16), (70, 18), (67, GROUND), (36, GROUND))
    pen.shape(tones.accent, (34.4, 36), (68.8, 36), (66, 71), (37, 71))
    for x, y in ((44, 42), (56, 47), (48, 56)):
        pen.box(x - 4, y - 4, x + 4, y + 4, "#ffffff90", corner=1)
    pen.box(31, 15, 71, 19, tones.main, corner=2)


def _pouch(pen: Pen, tones: Tones) -> None:
    pen.shape(tones.main, (33, 27), (67, 27), (71, GROUND), (29, GROUND))
    pen.shape(tones.shade, (33, 19), (67, 19), (67, 27), (33, 27))
    pen.line(tones.cream, 0.8, (34.5, 23), (65.5, 23))
    pen.disc(50, 50, 14, tones.cream)
    leaf(pen, tones, 50, 50, 9)


def _sack(pen: Pen, tones: Tones) -> None:
    pen.box(29, 32, 71, GROUND, tones.main, corner=9)
    pen.shape(tones.main, (37, 34), (33, 19), (67, 19), (63, 34))
    pen.line(tones.accent, 2.2, (36, 30), (64, 30))
    pen.box(29, 44, 71, 64, tones.cream)
    for x in (40, 50, 60):
        pen.oval(x, 54, 2.6, 6, tones.accent)
        pen.line(tones.shade, 0.7, (x, 50), (x, 58))


def _jar(pen: Pen, tones: Tones) -> None:
    pen.box(31, 32, 69, GROUND, tones.cream, corner=7)
    pen.box(34, 40, 66, 70, tones.accent, corner=5)
    pen.box(31, 47, 69, 62, tones.main)
    pen.box(37, 53, 63, 55.5, tones.cream, corner=1)
    pen.box(33, 23, 67, 33, tones.shade, corner=3)
    pen.box(36, 41, 38, 46, "#ffffff90", corner=1)


def _bottle(pen: Pen, tones: Tones) -> None:
    pen.box(45, 14, 55, 21, tones.ink, corner=2)
    pen.box(46, 20, 54, 36, tones.shade)
    pen.pie(50, 43, (14, 12), (180, 360), tones.main)
    pen.box(36, 42, 64, GROUND, tones.main, corner=4)
    pen.box(36, 49, 64, 64, tones.cream)
    leaf(pen, tones, 50, 56.5, 6)
    pen.box(39, 44, 41, 48, "#ffffff70", corner=1)


def _nuts(pen: Pen, tones: Tones) -> None:
    for x, y in ((36, 46), (50, 41), (63, 46), (43, 51), (57, 51)):
        pen.disc(x, y, 8, tones.accent)
        pen.arc(x, y, (5, 5), (190, 260), tones.cream, 1.4)
    _half_bowl(pen, tones, 52)


def _half_bowl(pen: Pen, tones: Tones, rim: float) -> None:
    pen.pie(50, rim, (27, GROUND - rim), (0, 180), tones.main)
    pen.box(22, rim - 3, 78, rim + 2, tones.shade, corner=2.5)


def _bowl(pen: Pen, tones: Tones) -> None:
    pen.box(40, 67, 60, GROUND, tones.shade, corner=1.5)
    pen.pie(50, 44, (29, 27), (0, 180), tones.main)
    pen.oval(50, 44, 29, 6.5, tones.shade)
    pen.oval(50, 44.5, 25.5, 4.6, tones.accent)
    pen.arc(50, 44, (24, 22), (110, 160), tones.cream, 1.6)


def _plate(pen: Pen, tones: Tones) -> None:
    pen.disc(50, 43, 29, tones.main)
    pen.disc(50, 43, 27, tones.cream)
    pen.disc(50, 43, 19, tones.accent)
    pen.disc(50, 43, 17.6, tones.cream)
    for x in (12, 15, 18):
        pen.line(tones.ink, 1, (x, 24), (x, 36))
    pen.line(tones.ink, 1.8, (15, 37), (15, 66))
    pen.shape(tones.ink, (84, 22), (88, 28), (88, 44), (84, 44))
    pen.line(tones.ink, 1.8, (85, 44), (85, 66))


def _pot(pen: Pen, tones: Tones) -> None:
    pen.box(16, 44, 84, 49, tones.shade, corner=2.5)
    pen.box(26, 40, 74, GROUND, tones.main, corner=6)
    pen.box(23, 36, 77, 41, tones.shade, corner=2.5)
    pen.pie(50, 36, (25, 9), (180, 360), tones.main)
    pen.disc(50, 25.5, 3, tones.ink)
    pen.box(30, 46, 32.5, 66, "#ffffff60", corner=1)
    pen.box(26, 54, 74, 57, tones.accent)


def _skillet(pen: Pen, tones: Tones) -> None:
    pen.line(tones.ink, 5, (60, 33), (87, 14))
    pen.disc(43, 46, 27, tones.ink)
    pen.disc(43, 46, 22.5, tones.shade)
    pen.oval(42, 47, 13, 11.5, tones.cream)
    pen.oval(49, 41, 7, 6, tones.cream)
    pen.disc(43, 47, 5.5, tones.accent)


def _stove(pen: Pen, tones: Tones) -> None:
    for x, top in ((42, 22), (50, 15), (58, 22)):
        pen.shape(tones.accent, (x - 5, 33), (x, top), (x + 5, 33))
        pen.disc(x, 33, 5, tones.accent)
    pen.shape(tones.main, (26, 34), (74, 34), (62, 54), (69, GROUND), (31, GROUND), (38, 54))
    pen.box(23, 32, 77, 37, tones.shade, corner=2.5)
    pen.box(42, 60, 58, 69, tones.ink, corner=2)
    pen.line(tones.cream, 1.4, (37, 53.5), (63, 53.5))


def _spoons(pen: Pen, tones: Tones) -> None:
    for x, color in ((33, tones.main), (50, tones.accent), (67, tones.shade)):
        pen.line(color, 3.4, (x, 33), (x, 70))
        pen.oval(x, 26, 7, 10, color)
        pen.oval(x, 27, 4.2, 6.8, "#00000022")


def _board(pen: Pen, tones: Tones) -> None:
    pen.box(44, 12, 56, 28, tones.main, corner=5)
    pen.box(28, 23, 72, GROUND, tones.main, corner=6)
    pen.disc(50, 17.5, 2.4, tones.cream)
    for x in (37, 46, 55, 64):
        pen.line(tones.shade, 0.8, (x, 28), (x, 68))
    pen.disc(59, 57, 7, tones.accent)
    pen.disc(59, 57, 5, tones.cream)


KITCHEN: dict[str, Motif] = {
    "mug, cup, tableware": _cup,
    "kettle": _kettle,
    "flask": _flask,
    "pitcher, carafe": _pitcher,
    "tea, coffee, mango": _pouch,
    "rice, flour, pantry": _sack,
    "jar, honey, butter, spice, mix, blend, masala": _jar,
    "bottle, oil, sauce, shampoo, cruet": _bottle,
    "nut": _nuts,
    "bowl, dish": _bowl,
    "plate": _plate,
    "pot, sufuria, home, kitchen": _pot,
    "skillet": _skillet,
    "stove, jiko": _stove,
    "spoon": _spoons,
    "board": _board,
}
"""The words of a title or a category that ask for each drawing."""
