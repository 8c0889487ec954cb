"""Each number of a run, with the influence of every row."""
