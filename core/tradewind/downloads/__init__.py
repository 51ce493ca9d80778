"""Digital goods: the files of a product, and what a buyer may fetch of them."""
