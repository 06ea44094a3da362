"""Record what was run: finished cells as folders, and the store that keeps them in MLflow."""
