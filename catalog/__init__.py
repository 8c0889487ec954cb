"""The words of the domain: records, votes, taxonomy, brands, text. Imports nothing of ours."""
