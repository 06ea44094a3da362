"""Suite files of the paper and of public checkpoints beyond it, with their class names and prompts."""
