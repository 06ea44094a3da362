"""The names of the values that probes add to a training curve, beside the learner's own."""

PROBED = "probe_hypervolume"
"""Name of the hypervolume of the partial set, and at the end of the finished set."""
PROBE_TIME = "probe_fit_time_s"
"""Name of the seconds the fit had taken when it was probed, without those of probing."""
