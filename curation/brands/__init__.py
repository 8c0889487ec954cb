"""Brands: names that may mean one brand, and brands that stand in the title alone."""
