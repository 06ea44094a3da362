"""Score recorded fronts: the values of all indicators, the cache that keeps them, and the measures reports show."""
