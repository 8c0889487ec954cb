"""Language models in a workspace: what they would cost, asking them, what was paid."""
