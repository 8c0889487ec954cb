"""Annotators that need no key: they vote on records, as models and people do."""
