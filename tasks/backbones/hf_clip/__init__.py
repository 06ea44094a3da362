"""CLIPs by transformers' code."""
