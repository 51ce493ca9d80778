"""The Litestar host: it loads plugins and serves a store to shoppers, merchants and providers."""
