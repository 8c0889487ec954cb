"""What people decide of brands: which are one, and which fills a gap."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import polars as pl

from catalog.brands import brand_keys
from catalog.errors import InputError
from curation.splits.settings import SplitSettings
from workspace.atomic import digest_of
from workspace.review.decisions import BRAND, SAME_BRAND, Logged, Verdict, decisions_frame, keep

if TYPE_CHECKING:
    from workspace.workspace import Workspace

_BETWEEN = " = "
"""Between the two keys of a pair, in which it never stands: keys are words and spaces."""


def pair_name(a: str, b: str) -> str:
    """The two keys of a pair as what was decided, the first in the alphabet first."""
    return _BETWEEN.join(sorted((a, b)))


def decide_alias(
    workspace: Workspace,
    first: str,
    second: str,
    *,
    same: bool,
    reason: str | None = None,
    reviewer: str | None = None,
) -> list[Logged]:
    """Say that two brands are one, or are not; names in any spelling.

    Raises
    ------
    InputError
        If the catalog has no such brand, or both are one name already; nothing is stored.
    """
    known = _known_keys(workspace)
    keys = [_known(name, known) for name in (first, second)]
    if keys[0] == keys[1]:
        raise InputError(f"{first!r} and {second!r} are spellings of one brand already: {keys[0]}.")
    action = "same" if same else "different"
    verdict = Verdict(pair_name(*keys), action, question=SAME_BRAND, reason=reason)  # type: ignore[arg-type]
    return keep(workspace, [verdict], reviewer)


def decide_fills(
    workspace: Workspace,
    record_ids: list[str],
    *,
    brand: str | None = None,
    all_of: str | None = None,
    leave: bool = False,
    reason: str | None = None,
    reviewer: str | None = None,
) -> list[Logged]:
    """Give records the brand that is proposed for them, or another; or leave them as they are.

    Parameters
    ----------
    record_ids
        Records; with ``all_of`` none.
    brand
        Another brand than the proposed one.
    all_of
        All records for which this brand is proposed and of which nobody has decided.
    leave
        Refuse the proposal instead.

    Raises
    ------
    InputError
        If nothing is proposed for a record and no brand is given, a record does not exist, or a brand
        tells none; nothing is stored.
    """
    proposed = missing_shown(workspace)
    if all_of is not None:
        key = brand_keys(pl.Series([all_of]))[0]
        wanted = proposed.filter((pl.col("key") == key) & pl.col("decision").is_null())
        if wanted.is_empty():
            raise InputError(
                f"{all_of!r} is proposed for no record that waits. See `goldshelf brands`."
            )
        record_ids = wanted["record_id"].to_list()
    if not record_ids:
        raise InputError("brands fill: name records, or --all-of BRAND.")
    if brand is not None and brand_keys(pl.Series([brand]))[0] is None:
        raise InputError(f"{brand!r} tells no brand.")
    names = dict(proposed.select("record_id", "brand").iter_rows())
    _require_records(workspace, record_ids, names, needs_proposal=brand is None)
    verdicts = [
        Verdict(each, "leave" if leave else "fill", None if leave else brand or names[each],
                question=BRAND, reason=reason)
        for each in record_ids
    ]  # fmt: skip
    return keep(workspace, verdicts, reviewer)


def aliases_shown(workspace: Workspace) -> pl.DataFrame:
    """The proposed pairs with ``decision`` (``same``, ``different``, null) and ``reviewer``.

    Pairs that people named without a proposal follow; what waits is first.
    """
    said = (
        decisions_frame(workspace)
        .filter(pl.col("question") == SAME_BRAND)
        .select(pair="record_id", decision="action", reviewer="reviewer")
    )
    found = _proposed(workspace, "aliases").with_columns(
        pair=pl.concat_str("brand_a", pl.lit(_BETWEEN), "brand_b")
    )
    own = said.join(found, on="pair", how="anti").with_columns(
        pl.col("pair").str.split_exact(_BETWEEN, 1).struct.rename_fields(["brand_a", "brand_b"])
        .alias("both")
    ).unnest("both").with_columns(name_a="brand_a", name_b="brand_b")  # fmt: skip
    every = pl.concat(
        [found.join(said, on="pair", how="left", maintain_order="left"), own], how="diagonal"
    )
    return every.drop("pair").sort(pl.col("decision").is_not_null(), maintain_order=True)


def missing_shown(workspace: Workspace) -> pl.DataFrame:
    """The proposed brands with ``decision`` (``fill``, ``leave``, null), ``filled`` and ``reviewer``."""
    said = (
        decisions_frame(workspace)
        .filter(pl.col("question") == BRAND)
        .select("record_id", "reviewer", decision="action", filled="value")
    )
    found = _proposed(workspace, "missing").join(
        said, on="record_id", how="left", maintain_order="left"
    )
    return found.sort(pl.col("decision").is_not_null(), maintain_order=True)


def accepted_aliases(workspace: Workspace) -> list[list[str]]:
    """The pairs of keys that people said are one brand, sorted."""
    held = decisions_frame(workspace).filter(
        (pl.col("question") == SAME_BRAND) & (pl.col("action") == "same")
    )
    return [name.split(_BETWEEN) for name in held["record_id"].sort()]


def aliases_hash(workspace: Workspace) -> dict[str, str]:
    """A hash of the accepted pairs for the steps that depend on them; empty where there are none."""
    held = accepted_aliases(workspace)
    return {"brand_aliases": digest_of(held)} if held else {}


def with_aliases(workspace: Workspace, split: SplitSettings) -> SplitSettings:
    """The settings of the split with what people accepted beside what is declared."""
    every = [*split.brand_aliases, *accepted_aliases(workspace)]
    return split.model_copy(update={"brand_aliases": every})


def _proposed(workspace: Workspace, table: str) -> pl.DataFrame:
    snapshot = workspace.snapshots.current("brands")
    if snapshot is None:
        raise InputError("nobody has looked for brands yet. Run `goldshelf brands`.")
    return snapshot.read(table)


def _known_keys(workspace: Workspace) -> set[str]:
    brands = workspace.snapshot("load").scan("records").select("brand").unique().collect()
    return set(brand_keys(brands["brand"]).drop_nulls())


def _known(name: str, known: set[str]) -> str:
    key = brand_keys(pl.Series([name]))[0]
    if key is None:
        raise InputError(f"{name!r} tells no brand, and ties nothing.")
    if key not in known:
        near = difflib.get_close_matches(key, known, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise InputError(f"no record is of the brand {name!r}.{hint} See `goldshelf brands`.")
    return str(key)


def _require_records(
    workspace: Workspace, record_ids: list[str], names: dict[str, str], *, needs_proposal: bool
) -> None:
    lacking = [each for each in record_ids if each not in names]
    if lacking and needs_proposal:
        raise InputError(
            f"no brand is proposed for record {lacking[0]!r}. Give one with --brand NAME, or see "
            "`goldshelf brands`."
        )
    if not lacking:
        return
    ids = workspace.snapshot("load").scan("records").select("record_id")
    wanted = pl.Series(lacking, dtype=pl.String)
    there = ids.filter(pl.col("record_id").is_in(wanted.implode())).collect()["record_id"]
    gone = wanted.filter(~wanted.is_in(there.implode()))
    if len(gone):
        raise InputError(f"record {gone[0]!r} is not in this workspace.")
