"""The leaderboard as one HTML page: tables, fronts, costs and merge coefficients, without a server or a network."""

from .writing import write_page

__all__ = ["write_page"]
