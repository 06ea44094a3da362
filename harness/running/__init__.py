"""Run every cell in its own worker process: metered, resumable, and recorded in the store."""
