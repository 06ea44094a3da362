"""CLIPs by open_clip's code."""
