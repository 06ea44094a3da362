"""Write the sentences under what is shown of a board at each budget."""

from __future__ import annotations

from ...metrics.statistics import FEWEST_VALUES
from .budget_curves import budget_unit, without_known_budget
from .columns import MISSING
from .leaderboard import Board
from .notes import as_seeds


def budget_notes(board: Board) -> list[str]:
    """Return the sentences that say what a budget is, what is shown for it, what it leaves out, and who has no rank."""
    said = [f"A budget is a number of {budget_unit(board)}, in all trainings of a learner together."]
    if any("expert_gradient_examples" in row.metrics for row in board.rows):
        said.append("The fine-tuning of the experts is not counted in these budgets.")
    if board.has_ranks:
        said.append("Shown is the mean HV that is reached within a budget, and beside it the rank (1 is best).")
    else:
        said.append(f"Shown is the mean HV reached within a budget; fewer than {FEWEST_VALUES} seeds rank nothing.")
    said.append(f"It is that of the learner's largest run within the budget; {MISSING} where all its runs took more.")
    if any(row.seeds and not board.is_compared(row) for row in board.rows):
        said.append(f"Rows that average other seeds than {as_seeds(board.seeds)} have no rank.")
    if unknown := ", ".join(without_known_budget(board)):
        said.append(f"Not shown here, since what they took is not recorded: {unknown}.")
    return said
