"""`python -m frontrunner` is the command line."""

from .studies.cli import main

main()
