"""Which examples are of which split."""
