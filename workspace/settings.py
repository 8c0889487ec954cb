"""``goldshelf.toml``: what the user declares. Keys never stand here, only in the environment."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any, get_args, get_origin

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from catalog.errors import WorkspaceError
from curation.agreement.settings import AgreeSettings
from curation.annotators.settings import AnnotatorName, LabelSettings
from curation.balance.settings import BalanceSettings
from curation.brands.settings import BrandSettings
from curation.checks.settings import CheckSettings
from curation.exports.settings import ExportSettings
from curation.gold_settings import CurateSettings
from curation.llm.settings import ModelAnnotator
from curation.sources.settings import SourceSettings
from curation.splits.settings import SplitSettings
from evaluation.settings import CompareSettings, ScoreSettings
from workspace.atomic import write_text
from workspace.layout import FORMAT


class TaxonomySettings(BaseModel):
    """The ``[taxonomy]`` section.

    ``source`` is ``shopify:PATH``, ``google:PATH``, a file or ``inferred``; ``mapping`` a file
    that says what becomes of the source's categories in it (`catalog.taxonomy.mapping`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = "inferred"
    mapping: str | None = None


class Settings(BaseSettings):
    """All sections of ``goldshelf.toml``; each is documented where it is used."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="GOLDSHELF_")

    format: int = FORMAT
    name: str = "workspace"
    database_url: str | None = Field(default=None, exclude=True)
    source: SourceSettings
    taxonomy: TaxonomySettings = TaxonomySettings()
    check: CheckSettings = CheckSettings()
    label: LabelSettings = LabelSettings()
    agree: AgreeSettings = AgreeSettings()
    curate: CurateSettings = CurateSettings()
    brands: BrandSettings = BrandSettings()
    split: SplitSettings = SplitSettings()
    balance: BalanceSettings = BalanceSettings()
    export: ExportSettings = ExportSettings()
    score: ScoreSettings = ScoreSettings()
    compare: CompareSettings = CompareSettings()
    annotators: dict[str, ModelAnnotator] = {}

    @field_validator("annotators")
    @classmethod
    def _names(cls, value: dict[str, ModelAnnotator]) -> dict[str, ModelAnnotator]:
        for name in value:
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
                raise ValueError(f"{name!r}: a name is made of letters, digits, - and _")
            if name in get_args(AnnotatorName):
                raise ValueError(f"{name!r} is an annotator that needs no key; take another name")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The file's values win; the environment gives what no file should hold."""
        return (init_settings, env_settings)


def read_settings(path: Path) -> Settings:
    """Read and validate a settings file.

    Raises
    ------
    WorkspaceError
        If it is missing, not TOML, of a newer format, or holds an unknown or wrong
        setting. All errors are told in one line.
    """
    try:
        body = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise WorkspaceError(
            f"{path.parent} is not a workspace: it has no {path.name}. Make one with "
            "`goldshelf init DIR --source FILE`, or name another with -w DIR."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WorkspaceError(f"{path}: not valid TOML: {error}.") from error
    return validated(body, str(path))


def validated(body: dict[str, Any], where: str) -> Settings:
    """Settings from plain values; all that is wrong with them in one line."""
    written = body.get("format", FORMAT)
    if isinstance(written, int) and written > FORMAT:
        raise WorkspaceError(
            f"{where}: written by a newer Goldshelf (format {written}, this one knows {FORMAT}). "
            "Upgrade Goldshelf; nothing was changed."
        )
    try:
        return Settings(**body)
    except ValidationError as error:
        told = "; ".join(_told(e) for e in error.errors())
        end = "" if told.endswith(("?", ".")) else "."
        raise WorkspaceError(f"{where}: {told}{end}") from error


def _told(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "model_type":
        return f"{place}: expected a table of settings"
    if error["type"] != "extra_forbidden":
        told = error["msg"].removeprefix("Value error, ")
        return f"{place}: {told[:1].lower()}{told[1:]}"
    model: Any = Settings
    for part in error["loc"][:-1]:
        if get_origin(model) is dict:
            model = get_args(model)[1]
            continue
        field = getattr(model, "model_fields", {}).get(part)
        model = field.annotation if field is not None else None
    known = list(getattr(model, "model_fields", {}))
    close = difflib.get_close_matches(str(error["loc"][-1]), known, 1)
    hint = f" Did you mean {close[0]!r}?" if close else f" Known: {', '.join(known)}."
    return f"{place} is not a setting.{hint}"


def write_settings(path: Path, settings: Settings) -> None:
    """Write settings as a new file, defaults included, so that all can be seen and edited."""
    document = tomlkit.document()
    document.add(tomlkit.comment("What this workspace works on and how. Keys never stand here."))
    for key, value in _plain(settings.model_dump(mode="json")).items():
        document.add(key, tomlkit.item(value))
    write_text(path, tomlkit.dumps(document))


def change_settings(path: Path, section: str, changes: dict[str, Any]) -> Settings:
    """Change some values of one section in the file; comments and order stay.

    Parameters
    ----------
    section
        ``split``, or ``annotators.NAME`` for a section inside another; made where it is missing.
    changes
        None takes a setting out.

    Raises
    ------
    WorkspaceError
        If the result would not be valid; the file is then left as it was.
    """
    document = tomlkit.parse(path.read_text("utf-8"))
    table: Any = document
    for part in section.split(".", 1):
        table = table.setdefault(part, tomlkit.table())
    for key, value in changes.items():
        if value is None:
            table.pop(key, None)
        else:
            table[key] = _plain(value)
    settings = validated(document.unwrap(), str(path))
    write_text(path, tomlkit.dumps(document))
    return settings


def remove_section(path: Path, section: str) -> Settings:
    """Take a section such as ``annotators.NAME`` out of the file; all else stays as it is.

    Raises
    ------
    WorkspaceError
        If there is no such section, or nothing valid would be left; the file is then as it was.
    """
    document = tomlkit.parse(path.read_text("utf-8"))
    outer, _, name = section.rpartition(".")
    table: Any = document.get(outer, {}) if outer else document
    if name not in table:
        raise WorkspaceError(f"{path}: there is no section [{section}]. It may be gone already.")
    del table[name]
    settings = validated(document.unwrap(), str(path))
    write_text(path, tomlkit.dumps(document))
    return settings


def _plain(value: Any) -> Any:
    """The same value as TOML can hold it: no nulls, models or tuples; a text of lines as lines."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, str) and "\n" in value[1:] and "\r" not in value and value[0] != "\n":
        return tomlkit.string(value, multiline=True)
    return value


__all__ = [
    "Settings",
    "TaxonomySettings",
    "change_settings",
    "read_settings",
    "remove_section",
    "validated",
    "write_settings",
]
