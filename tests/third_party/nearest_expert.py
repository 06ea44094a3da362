"""A learner in a package of its own: the expert of the task that matters most, pulled towards the others."""

from dataclasses import dataclass

import frontrunner as fr


class NearestExpert(fr.Learner):
    """The expert of the heaviest task, pulled towards the pre-trained model."""

    name = "nearest-expert"

    @dataclass(frozen=True)
    class Config:
        """One option."""

        pull: float = 0.1
        """0 is the expert itself, 1 the pre-trained model."""

    def fit(self, problem, preferences, context):
        """Nothing is learned."""

        def merge(preference):
            expert = problem.experts[int(preference.argmax())]
            return {
                name: expert[name] + self.config.pull * (start - expert[name]) if start.is_floating_point() else start
                for name, start in problem.pretrained.items()
            }

        models = (problem.n_tasks + 1) * problem.model_parameters
        return fr.ContinuousSet(problem.n_tasks, merge, total_parameters=models)
