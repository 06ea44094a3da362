"""What suites that ship their data share: fetching its packages, packing it with its origin, and reading it back."""
