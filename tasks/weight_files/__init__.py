"""Reading other people's weights, without running any of their code."""
