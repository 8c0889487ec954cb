"""The columns of the exported files and their types, in the words of a dataset card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from curation.exports.settings import ExportSettings

if TYPE_CHECKING:
    from datasets import Features

Column = dict[str, Any]

_TEXTS = {
    "alpaca": ("instruction", "input", "output"),
    "prompt-completion": ("prompt", "completion"),
}


def line_columns(settings: ExportSettings) -> list[Column]:
    """The columns of ``SPLIT.jsonl``, as the ``dataset_info`` of a card lists them.

    ``json`` is a value of any shape: attributes, whose keys differ from row to row, and the
    parts of a message, which are texts or images.

    Examples
    --------
    >>> line_columns(ExportSettings(format="prompt-completion"))
    [{'name': 'prompt', 'dtype': 'string'}, {'name': 'completion', 'dtype': 'string'}]
    """
    if settings.format == "records":
        return record_columns(main=True)
    if settings.format == "openai-chat":
        parts: Column = {"name": "content", "list": "json"}
        content = parts if settings.images else _of("content")
        return [{"name": "messages", "list": [_of("role"), content]}]
    if settings.format == "sharegpt":
        return [{"name": "conversations", "list": [_of("from"), _of("value")]}]
    return [_of(name) for name in _TEXTS[settings.format]]


def record_columns(*, main: bool = False) -> list[Column]:
    """The columns of ``records/SPLIT.jsonl``; or of the main file, where that holds records."""
    beside = [] if main else [_of("example_hash")]
    asked = [_of("instruction"), _texts("context")] if main else []
    return [
        _of("example_id"),
        *beside,
        _of("split"),
        _of("group_id", "int64"),
        *(_of(name) for name in ("task", "title", "description", "brand")),
        {"name": "identifiers", "list": [_of("kind"), _of("value")]},
        _texts("category_path"),
        _of("attributes", "json"),
        *(_of(name) for name in ("query", "question")),
        *asked,
        _texts("options"),
        *(_of(name) for name in ("target", "label_source")),
        _of("label_score", "float64"),
        _of("copy", "int32"),
        _of("weight", "float64"),
        _of("masked"),
        *([] if main else [_of("line", "int64")]),
    ]


def _of(name: str, dtype: str = "string") -> Column:
    return {"name": name, "dtype": dtype}


def _texts(name: str) -> Column:
    return {"name": name, "list": "string"}


def features_of(columns: list[Column]) -> Features:
    """The columns as Hugging Face's features.

    Examples
    --------
    >>> features_of([{"name": "path", "list": "string"}])
    {'path': List(Value('string'))}
    """
    from datasets import Features

    return Features({column["name"]: _feature(column) for column in columns})


def _feature(column: Column) -> Any:
    from datasets import Json, List, Value

    inner = column.get("list")
    if inner is None:
        return Json() if column["dtype"] == "json" else Value(column["dtype"])
    if isinstance(inner, str):
        return List(_feature({"dtype": inner}))
    return List({each["name"]: _feature(each) for each in inner})
