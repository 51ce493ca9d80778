"""Finding products by words: forgiving of typos, order and accents, quick over a large catalog."""
