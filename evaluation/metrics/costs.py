"""What a run's predictions tell of time, tokens and money."""

from __future__ import annotations

import polars as pl

from catalog.querying import querying

_IN = ("input_tokens", "prompt_tokens", "n_tokens_in")
_OUT = ("output_tokens", "completion_tokens", "n_tokens_out")
_COST = ("cost_usd", "cost")


def run_costs(predictions: pl.DataFrame) -> dict[str, float]:
    """Latency, tokens and money of a run; NaN where no prediction tells.

    Parameters
    ----------
    predictions
        Columns of the contract; ``usage`` is an object with ``input_tokens`` or
        ``prompt_tokens``, ``output_tokens`` or ``completion_tokens``, ``cost_usd``.

    Returns
    -------
    ``latency_ms_median``, ``latency_ms_p95``, and ``n_tokens_in``, ``n_tokens_out``,
    ``cost_usd`` summed over the rows that tell them, each with ``..._rows``, how many do; and
    ``cost_usd_per_1000``, dollars for a thousand products like those that tell.

    Examples
    --------
    >>> rows = pl.DataFrame({"latency_ms": [10.0, 30.0], "usage": ['{"cost_usd": 0.25}', None]})
    >>> found = run_costs(rows)
    >>> found["latency_ms_median"], found["cost_usd"], found["cost_usd_rows"]
    (20.0, 0.25, 1)
    """
    latency = predictions["latency_ms"].drop_nulls()
    told = {
        "latency_ms_median": _quantile(latency, 0.5),
        "latency_ms_p95": _quantile(latency, 0.95),
        "latency_ms_rows": len(latency),
    }
    usage = row_usage(predictions)
    for name in usage.columns:
        known = usage[name].drop_nulls()
        told[name] = float(known.sum()) if len(known) else float("nan")
        told[f"{name}_rows"] = len(known)
    n_told = told["cost_usd_rows"]
    told["cost_usd_per_1000"] = 1000 * told["cost_usd"] / n_told if n_told else float("nan")
    return told


def row_usage(predictions: pl.DataFrame) -> pl.DataFrame:
    """``n_tokens_in, n_tokens_out, cost_usd`` of each prediction; null where it does not tell.

    Examples
    --------
    >>> rows = pl.DataFrame({"usage": ['{"prompt_tokens": 7, "cost": 0.5}', None, "[]"]})
    >>> row_usage(rows).select("n_tokens_in", "cost_usd").rows()
    [(7.0, 0.5), (None, None), (None, None)]
    """
    parts = ", ".join(
        f"case when is_object then coalesce({', '.join(_number(key) for key in keys)}) end as {name}"
        for name, keys in (("n_tokens_in", _IN), ("n_tokens_out", _OUT), ("cost_usd", _COST))
    )
    with querying() as database:
        given = predictions.select(pl.col("usage").cast(pl.String)).with_row_index("place")
        database.register("given", given.to_arrow())
        found: pl.DataFrame = database.sql(
            f"select {parts} from (select place, usage, json_valid(usage) and "
            "json_type(case when json_valid(usage) then usage end) = 'OBJECT' as is_object "
            "from given) order by place"
        ).pl()
    return found


def _number(key: str) -> str:
    return f"try_cast(json_extract_string(usage, '$.{key}') as double)"


def _quantile(values: pl.Series, share: float) -> float:
    found = values.quantile(share, interpolation="linear")
    return float("nan") if found is None else float(found)
