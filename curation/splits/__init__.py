"""Groups that may not be parted, splits made of them, and the proof that nothing leaks."""
