"""The verbs that take plain files and need no workspace."""
