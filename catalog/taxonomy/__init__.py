"""A taxonomy as a versioned object: nodes, paths, attribute schema, and what can be asked of it."""

from catalog.taxonomy.tree import Taxonomy

__all__ = ["Taxonomy"]
