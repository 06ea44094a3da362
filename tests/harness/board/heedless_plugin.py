"""Learners that heed the preference, that do the opposite, that ignore it, and that do so with mostly dead routers."""

import frontrunner as fr


class Heeding(fr.Learner):
    """Moves from expert to expert with the preference."""

    name = "heeding"

    def share(self, weight):
        return weight

    def fit(self, problem, preferences, context):
        def merged(preference):
            shares = [self.share(weight) for weight in preference]
            return {
                name: sum(share * expert[name] for share, expert in zip(shares, problem.experts, strict=True))
                if tensor.is_floating_point()
                else tensor
                for name, tensor in problem.pretrained.items()
            }

        return fr.ContinuousSet(problem.n_tasks, merged, total_parameters=1, diagnostics={"dead_units_share": 0.5})


class Contrary(Heeding):
    """Moves away from an expert whose task gets more weight."""

    name = "contrary"

    def share(self, weight):
        return (1 - weight) / 2  # of three tasks they add up to one


class Heedless(fr.Learner):
    """Gives the same model whatever is asked."""

    name = "heedless"
    dead = 0.0

    def fit(self, problem, preferences, context):
        return fr.ContinuousSet(
            problem.n_tasks,
            lambda _: problem.pretrained,
            total_parameters=1,
            diagnostics={"dead_units_share": self.dead},
        )


class Dead(Heedless):
    """Gives the same model, and says that it has lost most of its units."""

    name = "dead-routers"
    dead = 0.75
