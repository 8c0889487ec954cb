"""What each row's prediction says: the contract, and reading it."""
