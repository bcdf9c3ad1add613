"""Networks that grow by splitting units."""
