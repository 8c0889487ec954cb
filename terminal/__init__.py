"""The verbs of the terminal: parse, call one thing, print."""
