"""What the store sells: products and variants, categories, prices, regions, taxes, delivery."""
