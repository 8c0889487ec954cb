"""Gold and its splits as training files: which rows, what stands in them, how they are hashed."""
