"""Published data sets of instructions, queries, questions, pairs and attribute values."""
