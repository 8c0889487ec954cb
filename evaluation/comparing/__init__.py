"""Two runs and more on the same rows: differences, verdicts, gates."""
