"""What a learner needs on a suite, before it runs: its parameters and the memory of a training step."""
