"""`python -m frontrunner` is the command line."""

from .harness.cli import main

main()
