"""Pictures of fronts, ranks, costs, progress and merge coefficients: PNG, HTML, and in the terminal."""
