"""The leaderboard as one HTML page to explore: tables, fronts, costs and routing, without a server or a network."""

from .writing import write_page

__all__ = ["write_page"]
