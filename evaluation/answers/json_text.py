"""What stands in texts that should be JSON: strict, for whole columns at once."""

from __future__ import annotations

import json

import polars as pl

from catalog.querying import querying

_LENIENT = r"(?i)(^|[\[:,\s])[-+]?(nan|inf(inity)?)\s*($|[,\]}])|,\s*[\]}]"
"""DuckDB's reader lets NaN, Infinity and a trailing comma pass; texts that may hold one of them
are read a second time, strictly."""

_START = r"^[ \t\n\r]*[\[{\"\-0-9tfn]"
"""How a JSON value can begin; a text that begins otherwise needs no reader."""


def is_strict_json(texts: pl.Series) -> pl.Series:
    """Whether each text is one JSON value by RFC 8259; null stays null.

    NaN, Infinity, a trailing comma, a comment, a half of a value are not.

    Examples
    --------
    >>> is_strict_json(pl.Series(['{"a": [1]}', '{"a": NaN}', '{"a": [1', "[1,]", None])).to_list()
    [True, False, False, False, None]
    """
    given = texts.rename("text").cast(pl.String)
    is_json = given.str.contains(_START).alias("is_json")
    likely = is_json.fill_null(False).arg_true()
    return is_json.scatter(likely, _are_strict(given.gather(likely))) if len(likely) else is_json


def _are_strict(given: pl.Series) -> pl.Series:
    with querying() as database:
        database.register("given", given.to_frame().with_row_index().to_arrow())
        found = database.sql("select json_valid(text) as is_json from given order by index").pl()
    is_json: pl.Series = found["is_json"]
    doubtful = (is_json & given.str.contains(_LENIENT)).fill_null(False).arg_true()
    if not len(doubtful):
        return is_json
    return is_json.scatter(doubtful, [_is_strict(text) for text in given.gather(doubtful)])


def _is_strict(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> None:
    raise ValueError(constant)


_PARTS = pl.Schema({"kind": pl.String(), "names": pl.List(pl.String), "text": pl.String()})


def path_parts(texts: pl.Series) -> pl.DataFrame:
    """What each strict JSON text says of a category path.

    Parameters
    ----------
    texts
        Strict JSON: an object with ``category_path`` or ``category``, a list, a string or null.

    Returns
    -------
    ``kind`` (``list``, ``text``, ``null``; null where it says nothing of a path), ``names``
    (``list[str]``, where a list), ``text`` (where a text), in the order of the texts.

    Examples
    --------
    >>> found = path_parts(pl.Series(['{"category_path": ["A", "B"]}', '"A > B"', "null", "5"]))
    >>> found["kind"].to_list()
    ['list', 'text', 'null', None]
    """
    if texts.is_empty():
        return pl.DataFrame(schema=_PARTS)
    with querying() as database:
        database.register("given", texts.rename("text").to_frame().with_row_index().to_arrow())
        parts: pl.DataFrame = database.sql(
            """
            with said as (
                select index, case when json_type(text) = 'OBJECT'
                    then coalesce(json_extract(text, '$.category_path'),
                                  json_extract(text, '$.category'))
                    else text::json end as said
                from given
            ), typed as (
                select index, said, json_type(said) as type,
                    list_filter(json_type(said, '$[*]'), lambda t: t <> 'VARCHAR') as others
                from said
            )
            select case when type = 'ARRAY' and len(others) = 0 then 'list'
                        when type = 'VARCHAR' then 'text'
                        when type = 'NULL' then 'null' end as kind,
                case when kind = 'list' then said::varchar[] end as names,
                case when kind = 'text' then said ->> '$' end as text
            from typed order by index
            """
        ).pl()
    return parts


def pairs_of(texts: pl.Series) -> pl.DataFrame:
    """The keys and values of each strict JSON object, a row for each value.

    An object that holds one object under ``attributes`` stands for that object.

    Returns
    -------
    ``index`` (row of the text), ``key``, ``value`` (text; a null or an empty list gives one
    row with null; a list gives a row for each element; other values are as JSON writes them).

    Examples
    --------
    >>> pairs_of(pl.Series(['{"attributes": {"Colour": ["red", "blue"], "Size": null}}'])).rows()
    [(0, 'Colour', 'red'), (0, 'Colour', 'blue'), (0, 'Size', None)]
    """
    with querying() as database:
        database.register("given", texts.rename("text").to_frame().with_row_index().to_arrow())
        found: pl.DataFrame = database.sql(
            """
            with objects as (
                select index, case when json_type(text, '$.attributes') = 'OBJECT'
                    then json_extract(text, '$.attributes') else text::json end as object
                from given where json_type(text) = 'OBJECT'
            ), entries as (
                select index, e.id as place, e.key as key, e.value as value, e.type as type
                from objects, lateral json_each(object) e
            )
            select index, place, 0 as nth, key,
                case when type not in ('NULL', 'ARRAY') then value::json ->> '$' end as value
            from entries where type <> 'ARRAY' or json_array_length(value::json) = 0
            union all
            select n.index, n.place, e.id as nth, n.key,
                case when e.type <> 'NULL' then e.value::json ->> '$' end as value
            from (select * from entries where type = 'ARRAY') n, lateral json_each(n.value::json) e
            order by index, place, nth
            """
        ).pl()
    return found.select(pl.col("index").cast(pl.Int64), "key", "value")
