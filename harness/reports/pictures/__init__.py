"""What is drawn: fronts, ranks, costs, progress and routing, as PNG, HTML and in the terminal."""
