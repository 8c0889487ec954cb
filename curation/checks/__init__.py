"""What is wrong with a catalog before anyone labels it: checks, each with rows and fixes."""
