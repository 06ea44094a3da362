"""Names of what a training curve records beside a learner's own numbers."""

PROBED = "probe_hypervolume"
"""Hypervolume of the partial set, and of the finished one at the end."""
PROBE_TIME = "probe_fit_time_s"
"""Seconds of the fit until then, without those of looking."""
