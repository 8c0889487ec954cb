"""Answers on their way into a run: rows of the prediction contract."""

from __future__ import annotations

import polars as pl

from evaluation.answers.contract import PREDICTION_SCHEMA
from evaluation.answers.json_text import is_strict_json
from workspace.models.reading import SAMPLE_SCHEMA, Chunk, Tally

_FAILED = "failed: "
_FINISHED = {"refused": "refusal", "filtered": "content_filter", "truncated": "length"}
"""What the contract calls the end of an answer that is of no use."""


class RowKeeper:
    """The answers of one annotator, chunk by chunk; see `workspace.models.running.Keeper`.

    Attributes
    ----------
    tallies
        What has been counted, by annotator.
    """

    def __init__(self) -> None:
        self.tallies: dict[str, Tally] = {}
        self._parts: dict[int, pl.DataFrame] = {}

    def begin(self, name: str, run_id: str) -> Tally:
        """Count an annotator from now on."""
        return self.tallies.setdefault(name, Tally())

    def put(self, name: str, number: int, chunk: Chunk) -> None:
        """Keep the answers of one chunk; chunks may come in any order."""
        self._parts[number] = chunk.samples()

    def samples(self) -> pl.DataFrame:
        """`SAMPLE_SCHEMA`: every asking that has an answer, in the order of the rows."""
        parts = [self._parts[number] for number in sorted(self._parts)]
        return pl.concat([pl.DataFrame(schema=SAMPLE_SCHEMA), *parts])


def contract_rows(
    samples: pl.DataFrame,
    rows: pl.DataFrame,
    *,
    run_id: str,
    model: str,
    unread: str | None = None,
) -> pl.DataFrame:
    """Answers as rows of the contract (`evaluation.answers.contract.PREDICTION_SCHEMA`).

    ``parsed`` has what was read of the answers, where that is strict JSON; ``raw_output`` all of them,
    as they came. Where rows were asked several times, ``repeat`` says which time it was.

    Parameters
    ----------
    samples
        `SAMPLE_SCHEMA`, of a prompted stage.
    rows
        ``record_id, example_hash`` of what was asked.
    unread
        What ``parsed`` says where an answer came and nothing was read of it; None for nothing: scoring
        then reads the raw output.
    """
    is_failed = pl.col("error").str.starts_with(_FAILED).fill_null(False)
    is_repeated = bool(samples["sample"].max())
    held = samples.join(
        rows.select("record_id", "example_hash"), on="record_id", how="left", maintain_order="left"
    ).with_columns(is_failed.alias("is_failed"), is_strict_json(samples["value"]).alias("is_json"))
    raw = pl.when(~pl.col("is_failed")).then("raw")
    finished = pl.col("error").replace_strict(_FINISHED, default="stop", return_dtype=pl.String)
    usage = pl.struct(
        pl.col("n_tokens_in").alias("input_tokens"),
        pl.col("n_tokens_out").alias("output_tokens"),
        "cost_usd",
    )
    told = held.select(
        pl.col("record_id").alias("example_id"),
        "example_hash",
        pl.lit(run_id).alias("run_id"),
        pl.lit(model).alias("model"),
        raw.alias("raw_output"),
        pl.when("is_json", pl.col("value").is_not_null())
        .then("value")
        .when(~pl.col("is_failed"))
        .then(pl.lit(unread, pl.String))
        .alias("parsed"),
        pl.when(~pl.col("is_failed")).then(finished).alias("finish_reason"),
        pl.when("is_failed").then(pl.col("error").str.strip_prefix(_FAILED)).alias("error"),
        (1000 * pl.col("latency_s")).alias("latency_ms"),
        pl.when(~pl.col("is_failed")).then(usage.struct.json_encode()).alias("usage"),
        (pl.col("sample") if is_repeated else pl.lit(None, pl.Int64)).alias("repeat"),
    )
    missing = [
        pl.lit(None, t).alias(c) for c, t in PREDICTION_SCHEMA.items() if c not in told.columns
    ]
    return told.with_columns(missing).select(PREDICTION_SCHEMA.names())
