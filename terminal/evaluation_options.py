"""Options that score, compare and import-run share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workspace.runs import known_formats

Task = Annotated[
    str | None,
    typer.Option(
        help="classification, attributes, labels, pairs, ranking, recommendation, tags, answers or "
        "json_validity; classification, or what the run file tells, without it."
    ),
]
Form = Annotated[
    str | None,
    typer.Option(
        "--format",
        help=f"The format of run files: {', '.join(known_formats())}; told from their content "
        "without it.",
    ),
]
Filter = Annotated[
    str | None,
    typer.Option(
        "--filter",
        help="Which reading of a file: lm-eval filter, Inspect scorer, promptfoo prompt.",
    ),
]
Errors = Annotated[Path | None, typer.Option(help="The error file of a batch.")]
Keys = Annotated[
    Path | None, typer.Option(help="The keys of a list of answers alone, in its order.")
]
DefinitionName = Annotated[
    str | None,
    typer.Option(
        "--definition",
        help="A paper's own script beside the strict scores: extractgpt, wdc-pave, mave, ecellm, "
        "ecellm-ood, esci or amazonqa.",
    ),
]
Gold = Annotated[
    Path | None, typer.Option(help="Gold rows: JSON Lines, CSV or Parquet. Without a workspace.")
]
TaxonomySpec = Annotated[
    str | None,
    typer.Option("--taxonomy", help="shopify:PATH, google:PATH or FILE; the gold's without it."),
]
ClusterColumn = Annotated[
    str | None,
    typer.Option(help="A gold column whose equal values are dependent rows, such as brand."),
]
BertScore = Annotated[
    str | None,
    typer.Option(
        "--bertscore",
        help="Of files: the model of BERTScore, a folder or a model of the hub that is here.",
    ),
]
Embedding = Annotated[
    str | None,
    typer.Option(
        "--embedding",
        help="Of files: the embedding model of semantic_f1_embedding, static or a transformer.",
    ),
]
Key = Annotated[
    str | None, typer.Option(help="The column that ties rows; example_id, record_id or id.")
]
