"""An indicator in a file of its own, as a third party would write it."""

import frontrunner as fr


class WorstTask(fr.Indicator):
    """Smallest error that some answer has on its worst task."""

    name = "worst_task"
    heading = "worst task"
    maximize = False
    most = 1.0
    column = 15

    def value(self, scored):
        return float(scored.front.objectives.max(axis=1).min())
