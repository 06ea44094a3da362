"""Orders for workers that run in the process of a test."""


def order_for(cell, folder, **changes):
    """The order of a cell, given as JSON, that is run on the CPU in one process and written to a folder."""
    from frontrunner.harness.running.worker_order import WorkerOrder

    whole = {
        "cell": cell,
        "devices": ("cpu",),
        "rank_timeout_s": 600.0,
        "plugins": (),
        "scratch": str(folder),
        "checkpoints": str(folder / "kept"),
        "checkpoint_interval_s": 60.0,
        "probes": 0,
        "folder": ".",
        "environment": {},
        "worker_lock": "",
    }
    return WorkerOrder(**whole | changes)
