"""How far annotators agree, what they agree on, and where they part."""
