"""What a run's tokens cost by the published price, where its file tells tokens and no money."""

from __future__ import annotations

import math
from typing import cast, get_args

import polars as pl

from catalog.querying import querying
from curation.llm.prices import ModelPrice
from curation.llm.requests import ProviderName

_PROVIDERS: tuple[str, ...] = get_args(ProviderName)


def listed_cost_usd(predictions: pl.DataFrame) -> float:
    """Dollars for all requests at today's published price; NaN where it is not known.

    Parameters
    ----------
    predictions
        ``model`` as PROVIDER/MODEL, and ``usage`` with ``input_tokens`` and ``output_tokens``. What
        was cached, sent in a batch or paid at another time costs something else.

    Examples
    --------
    >>> usage = '{"input_tokens": 1000, "output_tokens": 0}'
    >>> rows = pl.DataFrame({"model": ["ours/small"], "usage": [usage]})
    >>> listed_cost_usd(rows)
    nan
    """
    if not {"model", "usage"} <= set(predictions.columns):
        return math.nan
    with querying() as database:
        database.register("given", predictions.select("model", "usage").to_arrow())
        counted = database.sql(
            """
            select model, try_cast(json_extract_string(usage, '$.input_tokens') as bigint) as taken,
                try_cast(json_extract_string(usage, '$.output_tokens') as bigint) as given,
                count(*) as n
            from given where json_valid(usage) group by all
            """
        ).fetchall()
    found = [n * _usd(model, taken, given) for model, taken, given, n in counted]
    return math.fsum(found) if found else math.nan


def _usd(model: str | None, n_tokens_in: int | None, n_tokens_out: int | None) -> float:
    provider, _, name = (model or "").partition("/")
    known = provider.lower() in _PROVIDERS and name
    if not known or n_tokens_in is None or n_tokens_out is None:
        return math.nan
    try:
        price = ModelPrice(cast(ProviderName, provider.lower()), name.lower())
        return price.usd(n_tokens_in, n_tokens_out)
    except LookupError:
        return math.nan
