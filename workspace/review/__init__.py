"""What people do in Review: a queue, a card, decisions, undo, and the log of it all."""
