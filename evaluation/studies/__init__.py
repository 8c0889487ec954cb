"""Questions over many runs: tasks, experiments, costs, cascades, time."""
