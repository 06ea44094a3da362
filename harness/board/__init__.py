"""The leaderboard: what is recorded is scored (`scores`), grouped (`results`), ranked and reported."""
