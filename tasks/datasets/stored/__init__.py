"""Examples as arrays in the cache."""
