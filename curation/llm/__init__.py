"""Language models as annotators: what is asked, of whom, and what an answer is worth as a vote."""
