"""MAVE: products, attributes and evidences, whole or as labels joined with Amazon's metadata."""
