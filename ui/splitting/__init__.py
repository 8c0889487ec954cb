"""The Split page: ties, brands, sizes, proof, balance."""
