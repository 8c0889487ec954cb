"""Files that need no workspace, on the page of that name."""
