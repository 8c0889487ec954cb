"""Near-duplicates, exactly: every pair over the threshold, none missed and none false."""
