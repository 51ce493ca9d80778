"""What a delivery costs by the weight of the goods, and which bands of weight are acceptable.

A weight is known when that of every physical line is; other goods weigh nothing. Weights are grams.
"""

from collections.abc import Sequence

from tradewind.catalog.rules import amount_errors
from tradewind.contracts.errors import FieldError
from tradewind.contracts.pricing import QuoteLine
from tradewind.pricing.rules.book import BuiltInShipping, WeightBand

MOST_BANDS = 50
HEAVIEST_BAND = 10**9


def price_by_weight(option: BuiltInShipping, lines: Sequence[QuoteLine]) -> int | None:
    """What an option costs for these lines; None where it is not for what they weigh.

    As long as the weight is not known it costs its own price, unless what is known of it is too
    heavy already.
    """
    bands = option.rules.weight_bands
    if not bands:
        return option.price
    physical = [line for line in lines if line.kind == "physical"]
    known = sum((line.weight_grams or 0) * line.quantity for line in physical)
    if any(line.weight_grams is None for line in physical):
        return option.price if _carries(bands[-1], known) else None
    return next((band.price for band in bands if _covers(band, known)), None)


def _covers(band: WeightBand, grams: int) -> bool:
    return (grams > band.over_grams or not band.over_grams) and _carries(band, grams)


def _carries(band: WeightBand, grams: int) -> bool:
    return band.up_to_grams is None or grams <= band.up_to_grams


def band_errors(path: str, bands: Sequence[WeightBand]) -> list[FieldError]:
    """What is wrong with bands: each is to begin where the one before it ends, the lightest first.

    Then no weight between the first and the last of them has two prices, and none has no price.
    """
    errors: list[FieldError] = []
    if len(bands) > MOST_BANDS:
        errors.append(FieldError(path, "out_of_range", f"At most {MOST_BANDS}."))
    for index, band in enumerate(bands):
        errors += _one_band_errors(f"{path}.{index}", band)
        if index:
            errors += _seam_errors(f"{path}.{index}.over_grams", bands[index - 1], band)
    return errors


def _one_band_errors(path: str, band: WeightBand) -> list[FieldError]:
    errors = amount_errors(f"{path}.price", band.price)
    if not 0 <= band.over_grams <= HEAVIEST_BAND:
        words = f"From 0 to {HEAVIEST_BAND} grams."
        errors.append(FieldError(f"{path}.over_grams", "out_of_range", words))
    if band.up_to_grams is not None and not band.over_grams < band.up_to_grams <= HEAVIEST_BAND:
        words = f"More than over_grams, at most {HEAVIEST_BAND}."
        errors.append(FieldError(f"{path}.up_to_grams", "out_of_range", words))
    return errors


def _seam_errors(path: str, before: WeightBand, band: WeightBand) -> list[FieldError]:
    if before.up_to_grams is None or band.over_grams < before.up_to_grams:
        return [FieldError(path, "band_overlaps", "Begins before the band before it ends.")]
    if band.over_grams > before.up_to_grams:
        words = f"Nothing holds from {before.up_to_grams} to {band.over_grams} grams."
        return [FieldError(path, "band_gap", words)]
    return []
