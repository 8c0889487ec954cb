"""Pure computation on predictions: metrics, uncertainty, comparison."""
