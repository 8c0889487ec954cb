"""Pictures that lie beside the catalog: read by their name, never outside of its folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.llm.pictures import Load
from workspace.files.picture_files import loader
from workspace.steps.load import source_files

if TYPE_CHECKING:
    from workspace.workspace import Workspace


def pictures_beside(workspace: Workspace) -> Load:
    """Gives the bytes of a picture by an address that is a file below a folder of the source.

    An address is looked for beside each file of the source. None is given for an absolute path,
    for a link, and for a file that lies outside of that folder, by ``..`` or by a symbolic link.
    """
    return loader(file.parent for file in source_files(workspace.settings.source.paths))
