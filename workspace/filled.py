"""How many rows of a Parquet table hold a value, column by column, mostly without reading them."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from catalog.querying import querying
from curation.sources.files import sql_text


def filled_counts(parquet: Path) -> dict[str, int]:
    """Rows of each column that are not null.

    The file's own statistics tell it of most columns; the others are counted.

    Examples
    --------
    >>> import polars as pl, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "t.parquet"
    ...     rows = {"a": [1, None], "b": [[1], [2, 3]], "c": [[], None], "d": [None, None]}
    ...     pl.DataFrame(rows).write_parquet(path)
    ...     filled_counts(path)
    {'a': 1, 'b': 2, 'c': 1, 'd': 0}
    """
    file = pq.ParquetFile(parquet)
    n_rows = file.metadata.num_rows
    names = file.schema_arrow.names
    told = {name: _from_statistics(file.metadata, name, n_rows) for name in names}
    unknown = [name for name, count in told.items() if count is None]
    if unknown:
        wanted = ", ".join('count("' + name.replace('"', '""') + '")' for name in unknown)
        with querying() as database:
            counted = database.execute(
                f"select {wanted} from read_parquet({sql_text(parquet)})"
            ).fetchone()
        told.update(zip(unknown, counted or [0] * len(unknown), strict=True))
    return {name: int(count or 0) for name, count in told.items()}


def _from_statistics(metadata: pq.FileMetaData, name: str, n_rows: int) -> int | None:
    """From null counts: exact for plain columns; for nested ones only where no value is null."""
    leaves = [
        n
        for n in range(metadata.num_columns)
        if metadata.schema.column(n).path.split(".")[0] == name
    ]
    best: int | None = None
    for leaf in leaves:
        n_nulls = 0
        for group in range(metadata.num_row_groups):
            statistics = metadata.row_group(group).column(leaf).statistics
            if statistics is None or not statistics.has_null_count:
                return None
            n_nulls += statistics.null_count
        is_nested = metadata.schema.column(leaf).max_repetition_level > 0 or len(leaves) > 1
        if not is_nested:
            return n_rows - n_nulls
        if n_nulls == 0:
            best = n_rows
    return best
