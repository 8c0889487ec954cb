"""Runs on the pages: scores, comparisons, the rows behind them."""
