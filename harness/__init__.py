"""Floor 4: cells, metering, recording, resuming, leaderboard, reports and the command line."""
