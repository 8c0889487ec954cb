"""Pure computation on the way to gold data: frames and settings in, results out."""
