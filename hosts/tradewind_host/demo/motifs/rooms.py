"""What furnishes a room or a garden, and what is read, washed or repaired there."""

from tradewind_host.demo.pen import GROUND, Motif, Pen, Tones, leaf


def _lamp(pen: Pen, tones: Tones) -> None:
    pen.shape("#ffffff55", (33, 38), (67, 38), (85, GROUND), (15, GROUND))
    pen.box(47.8, 38, 52.2, 68, tones.ink)
    pen.oval(50, 55, 7, 9, tones.main)
    pen.box(36, 67, 64, GROUND, tones.shade, corner=3)
    pen.shape(tones.accent, (38, 14), (62, 14), (71, 40), (29, 40))
    pen.line(tones.cream, 1.4, (36, 20), (64, 20))
    pen.line(tones.cream, 1.4, (30.5, 36.5), (69.5, 36.5))


def _lantern(pen: Pen, tones: Tones) -> None:
    pen.arc(50, 25, (14, 14), (180, 360), tones.ink, 2.2)
    pen.disc(50, 46, 25, "#ffffff55")
    pen.box(38, 22, 62, 30, tones.shade, corner=3)
    pen.box(35, 30, 65, 62, tones.cream, corner=5)
    pen.oval(50, 49, 5.5, 9, tones.accent)
    pen.oval(50, 52, 2.6, 5, tones.cream)
    for x in (36.5, 63.5):
        pen.line(tones.main, 2.2, (x, 29), (x, 64))
    pen.box(31, 61, 69, GROUND, tones.main, corner=4)


def _bulb(pen: Pen, tones: Tones) -> None:
    pen.disc(50, 36, 26, "#ffffff60")
    pen.disc(50, 36, 19, tones.accent)
    pen.shape(tones.accent, (36, 47), (64, 47), (58, 59), (42, 59))
    pen.line(tones.cream, 1.5, (44, 57), (42, 38), (47, 43), (50, 37), (53, 43), (58, 38), (56, 57))
    pen.box(41, 58, 59, 69, tones.shade, corner=2)
    pen.line(tones.cream, 1, (42, 62), (58, 62))
    pen.line(tones.cream, 1, (42, 65.5), (58, 65.5))
    pen.box(45, 68, 55, GROUND, tones.ink, corner=2)


def _panel(pen: Pen, tones: Tones) -> None:
    pen.disc(75, 22, 9, tones.accent)
    pen.line(tones.ink, 2.4, (50, 60), (50, 70))
    pen.box(36, 69, 64, GROUND, tones.ink, corner=1.5)
    pen.shape(tones.cream, (28, 27), (72, 27), (82, 63), (18, 63))
    pen.shape(tones.main, (29.5, 29), (70.5, 29), (79.5, 61), (20.5, 61))
    for top, bottom in ((39.8, 37), (50, 50), (60.2, 63)):
        pen.line(tones.cream, 0.9, (top, 29), (bottom, 61))
    for y, half in ((39, 23.5), (50, 26.5)):
        pen.line(tones.cream, 0.9, (50 - half, y), (50 + half, y))


def _basket(pen: Pen, tones: Tones) -> None:
    pen.arc(50, 38, (20, 23), (180, 360), tones.shade, 3.2)
    pen.shape(tones.main, (22, 38), (78, 38), (70, GROUND), (30, GROUND))
    for row, y in enumerate((45, 52, 59, 66)):
        half = 26.5 - row * 1.6
        color = tones.accent if row % 2 else tones.cream
        for step in range(9):
            x = 50 - half + half * step / 4
            pen.line(
                color, 1.4, (max(x - 1.6, 50 - half), y + 1.4), (min(x + 1.6, 50 + half), y - 1.4)
            )
    pen.box(19, 35, 81, 41, tones.shade, corner=3)


def _wall_basket(pen: Pen, tones: Tones) -> None:
    rings = (
        tones.main,
        tones.cream,
        tones.accent,
        tones.cream,
        tones.shade,
        tones.cream,
        tones.main,
    )
    for index, color in enumerate(rings):
        pen.disc(50, 43, 30 - index * 4.2, color)
    for x, y in ((50, 17), (50, 69), (24, 43), (76, 43), (32, 25), (68, 25), (32, 61), (68, 61)):
        pen.disc(x, y, 1.6, tones.cream)


def _storage(pen: Pen, tones: Tones) -> None:
    pen.box(23, 40, 77, GROUND, tones.main, corner=3)
    pen.box(20, 30, 80, 42, tones.shade, corner=3)
    pen.box(40, 51, 60, 57, tones.cream, corner=3)
    pen.box(43, 53, 57, 55, tones.main, corner=1)
    pen.line(tones.accent, 1.3, (25, 66), (75, 66))


def _stool(pen: Pen, tones: Tones) -> None:
    pen.line(tones.shade, 5, (50, 38), (50, 70))
    pen.line(tones.main, 5, (34, 38), (27, 70))
    pen.line(tones.main, 5, (66, 38), (73, 70))
    pen.line(tones.accent, 2.6, (31, 57), (69, 57))
    pen.oval(50, 37, 29, 8, tones.shade)
    pen.oval(50, 34, 29, 8, tones.main)
    pen.arc(50, 34, (20, 5), (0, 360), tones.accent, 1)


def _vase(pen: Pen, tones: Tones) -> None:
    for tip in ((36, 17), (50, 11), (64, 17)):
        pen.line(tones.shade, 1.4, (50, 44), tip)
        pen.disc(*tip, 4.6, tones.accent)
        pen.disc(*tip, 1.8, tones.cream)
    pen.oval(50, 58, 18, 15, tones.main)
    pen.shape(tones.main, (42, 34), (58, 34), (56, 48), (44, 48))
    pen.oval(50, 34, 8, 2.2, tones.shade)
    pen.arc(50, 58, (14, 11), (150, 220), tones.cream, 1.8)


def _candle(pen: Pen, tones: Tones) -> None:
    pen.disc(50, 26, 15, "#ffffff66")
    pen.shape(tones.accent, (50, 13), (55, 25), (50, 32), (45, 25))
    pen.disc(50, 27, 4.8, tones.accent)
    pen.line(tones.ink, 1.2, (50, 29), (50, 38))
    pen.box(33, 38, 67, GROUND, tones.main, corner=4)
    pen.oval(50, 38.5, 17, 3.6, tones.cream)
    pen.box(33, 50, 67, 63, tones.cream)
    pen.line(tones.shade, 1.2, (40, 55), (60, 55))
    pen.line(tones.shade, 1.2, (44, 59), (56, 59))


def _taper(pen: Pen, tones: Tones) -> None:
    for x, top in ((39, 26), (61, 34)):
        pen.disc(x, top - 8, 8, "#ffffff66")
        pen.oval(x, top - 7, 2.6, 5, tones.accent)
        pen.box(x - 3, top, x + 3, 62, tones.main, corner=1)
        pen.box(x - 6, 60, x + 6, 65, tones.shade, corner=1.5)
        pen.box(x - 10, 68, x + 10, GROUND, tones.shade, corner=2.5)
        pen.box(x - 1.6, 64, x + 1.6, 70, tones.shade)


def _soap(pen: Pen, tones: Tones) -> None:
    for x, y, radius in ((29, 30, 7), (41, 21, 4.5), (64, 27, 8.5), (76, 38, 4.5), (52, 33, 3.5)):
        pen.disc(x, y, radius, "#ffffffc0")
        pen.arc(x, y, (radius * 0.6, radius * 0.6), (190, 260), tones.accent, 1)
    pen.box(21, 46, 79, GROUND, tones.shade, corner=9)
    pen.box(21, 42, 79, 67, tones.main, corner=9)
    pen.box(30, 47, 70, 62, tones.cream, corner=5)
    leaf(pen, tones, 50, 54.5, 6)


def _plant(pen: Pen, tones: Tones) -> None:
    green, dark = "#4f9d5d", "#357a46"
    for x, y, tip in ((50, 46, (50, 12)), (50, 46, (32, 18)), (50, 46, (68, 18))):
        middle = ((x + tip[0]) / 2, (y + tip[1]) / 2)
        pen.shape(green, (x, y), (middle[0] - 6, middle[1]), tip, (middle[0] + 6, middle[1]))
        pen.line(dark, 0.9, (x, y), tip)
    pen.shape(tones.main, (32, 48), (68, 48), (63, GROUND), (37, GROUND))
    pen.box(28, 43, 72, 51, tones.shade, corner=2)
    pen.line(tones.accent, 1.6, (35, 60), (65, 60))


def _can(pen: Pen, tones: Tones) -> None:
    pen.line(tones.shade, 3.4, (62, 62), (82, 34))
    pen.shape(tones.shade, (77, 30), (87, 36), (84, 39), (76, 34))
    pen.arc(33, 45, (14, 17), (100, 320), tones.ink, 3)
    pen.box(32, 38, 66, GROUND, tones.main, corner=4)
    pen.oval(49, 38, 17, 4, tones.shade)
    pen.line(tones.accent, 2, (33, 62), (65, 62))
    for x, y in ((86, 46), (90, 54), (83, 57)):
        pen.oval(x, y, 1.2, 2.2, "#ffffffd0")


def _book(pen: Pen, tones: Tones) -> None:
    pen.box(29, 16, 73, GROUND, tones.shade, corner=3)
    pen.box(33, 19, 71, 70, tones.cream, corner=1)
    pen.box(27, 14, 69, 69, tones.main, corner=3)
    pen.box(27, 14, 33, 69, tones.shade, corner=2)
    pen.box(40, 24, 63, 37, tones.cream, corner=1.5)
    pen.line(tones.ink, 1.2, (44, 28.5), (59, 28.5))
    pen.line(tones.ink, 1.2, (47, 32.5), (56, 32.5))
    pen.shape(tones.accent, (57, 14), (63, 14), (63, 22), (60, 19.5), (57, 22))
    pen.disc(51.5, 53, 7, tones.accent)


def _tablet(pen: Pen, tones: Tones) -> None:
    pen.box(28, 13, 72, GROUND, tones.ink, corner=4)
    pen.box(31, 17, 69, 66, tones.cream, corner=1)
    pen.box(35, 21, 65, 40, tones.accent, corner=1.5)
    pen.shape(tones.main, (35, 40), (46, 27), (53, 35), (58, 30), (65, 40))
    for y, right in ((47, 65), (52, 62), (57, 65), (62, 53)):
        pen.line(tones.shade, 1.3, (36, y), (right - 1, y))
    pen.disc(50, 69.5, 1.3, tones.cream)


def _pens(pen: Pen, tones: Tones) -> None:
    for x, color in ((34, tones.main), (50, tones.shade), (66, tones.accent)):
        pen.box(x - 3.6, 14, x + 3.6, 58, color, corner=2)
        pen.shape(tones.cream, (x - 3.6, 57), (x + 3.6, 57), (x, 71))
        pen.shape(tones.ink, (x - 1.2, 66.5), (x + 1.2, 66.5), (x, 71.5))
        pen.box(x + 1.4, 14, x + 5, 33, tones.ink, corner=1.2)


def _cards(pen: Pen, tones: Tones) -> None:
    pen.box(30, 17, 70, 52, tones.cream, corner=2)
    pen.line(tones.accent, 1.6, (38, 25), (62, 25))
    pen.line(tones.accent, 1.6, (42, 30), (58, 30))
    pen.box(20, 36, 80, 72, tones.main, corner=2)
    pen.shape(tones.shade, (20, 37), (80, 37), (50, 59))
    pen.disc(50, 56, 5, tones.accent)


def _tools(pen: Pen, tones: Tones) -> None:
    pen.arc(50, 40, (13, 13), (180, 360), tones.ink, 3.4)
    pen.box(20, 40, 80, GROUND, tones.main, corner=5)
    pen.box(20, 51, 80, 56, tones.shade)
    pen.box(44, 48, 56, 60, tones.accent, corner=2)
    pen.box(26, 44, 36, 46, "#ffffff60", corner=1)


ROOMS: dict[str, Motif] = {
    "lamp, lighting": _lamp,
    "lantern": _lantern,
    "bulb": _bulb,
    "solar, system": _panel,
    "basket, storage, craft": _basket,
    "wall basket": _wall_basket,
    "box": _storage,
    "stool": _stool,
    "vase": _vase,
    "candle": _candle,
    "taper candle, holder": _taper,
    "soap, beauty": _soap,
    "plant pot, plant, herb, planter, garden": _plant,
    "watering can": _can,
    "book, notebook, cookbook, paper": _book,
    "e-book": _tablet,
    "pen": _pens,
    "card, envelope": _cards,
    "visit, fitting, service": _tools,
}
"""The words of a title or a category that ask for each drawing."""
