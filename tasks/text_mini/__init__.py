"""Real text-classification tasks that are shipped with Frontrunner."""
