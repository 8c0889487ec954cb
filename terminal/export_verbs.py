"""export: write the files for training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from catalog.errors import InputError
from terminal.balance_verbs import balance, shopping_list, tell_notes
from terminal.certificate_output import print_leaks
from terminal.options import HERE, Json, WorkspaceDir
from terminal.output import print_json, print_table, say, tell
from terminal.running import watched
from workspace.exports import Export, make_export, with_template
from workspace.hub import free_folder, hub_token, push_to_hub, save_to_disk
from workspace.named_values import pairs_of
from workspace.workspace import Workspace

LEAKED = 1
_NONE = "none"


def register(app: typer.Typer) -> None:
    """Add these verbs."""
    for verb in (balance, shopping_list, export):
        app.command()(verb)


def export(
    workspace: WorkspaceDir = HERE,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format", help="openai-chat, alpaca, sharegpt, prompt-completion or records."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The folder below exports/; none takes the format's name.")
    ] = None,
    targets: Annotated[
        str | None,
        typer.Option(help="category, attributes, or both by a comma; none goes by the task."),
    ] = None,
    fields: Annotated[
        str | None,
        typer.Option(help="What of a product the prompt holds: title,brand,description."),
    ] = None,
    system_prompt: Annotated[
        str | None, typer.Option(help="The system prompt, or @FILE that holds it.")
    ] = None,
    task_prefix: Annotated[str | None, typer.Option(help="The line that names the task.")] = None,
    allowed: Annotated[
        str | None, typer.Option(help="Lists in the system prompt: category, attributes or none.")
    ] = None,
    template: Annotated[
        list[str] | None,
        typer.Option(
            help="TASK=TEXT or TASK=@FILE: how examples of a task are asked; TASK=none takes it back."
        ),
    ] = None,
    images: Annotated[
        bool | None,
        typer.Option("--images/--no-images", help="Web addresses of images; openai-chat alone."),
    ] = None,
    max_images: Annotated[int | None, typer.Option(help="Most images of a record.")] = None,
    several_values: Annotated[
        str | None, typer.Option(help="An attribute of several values: first, or list.")
    ] = None,
    target_form: Annotated[
        str | None, typer.Option(help="Targets of the other tasks: text as given, or json.")
    ] = None,
    mask_field: Annotated[
        str | None, typer.Option(help="A field to hide in some rows of train, or none.")
    ] = None,
    mask_probability: Annotated[
        float | None, typer.Option(help="In what share of them, in [0, 1].")
    ] = None,
    mask_answers: Annotated[
        bool | None, typer.Option(help="Take the category asked out of titles and descriptions.")
    ] = None,
    rehearsal: Annotated[
        str | None,
        typer.Option(help="A JSON Lines file of chats or instructions to mix into train, or none."),
    ] = None,
    rehearsal_licence: Annotated[
        str | None, typer.Option(help="The licence of that file, for the manifest.")
    ] = None,
    rehearsal_share: Annotated[
        float | None, typer.Option(help="The part of train's lines that it makes, 0.1 by itself.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed, another order and mask.")] = None,
    to_disk: Annotated[
        Path | None, typer.Option(help="Also save a DatasetDict of Hugging Face into this folder.")
    ] = None,
    to_hub: Annotated[
        str | None, typer.Option(help="Also push to OWNER/NAME on the Hub; HF_TOKEN may write.")
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="With --to-hub: only if it is a private one.")
    ] = False,
    force: Annotated[bool, typer.Option(help="Write again even if nothing changed.")] = False,
    as_json: Json = False,
) -> int:
    """Write JSONL files of the splits with a manifest and a certificate. Exit 1 if they leak."""
    opened = Workspace(workspace)
    given: dict[str, Any] = {
        "format": format_,
        "fields": _names(fields),
        "system_prompt": None if system_prompt is None else _text_or_file(system_prompt),
        "task_prefix": None if task_prefix is None else _unicode("--task-prefix", task_prefix),
        "allowed": _names(allowed),
        "templates": _templates(opened, template),
        "images": images,
        "max_images": max_images,
        "several_values": several_values,
        "target_form": target_form,
        "mask_probability": mask_probability,
        "mask_answers": mask_answers,
        "seed": seed,
    }
    changes = {key: value for key, value in given.items() if value is not None}
    for key, text in (("name", name), ("mask_field", mask_field)):
        if text is not None:
            changes[key] = None if text == _NONE else text
    rehearse = {"licence": rehearsal_licence, "share": rehearsal_share}
    rehearse = {key: value for key, value in rehearse.items() if value is not None}
    if rehearsal is not None:
        rehearse["file"] = None if rehearsal == _NONE else str(Path(rehearsal).resolve())
    if rehearse:
        changes["rehearsal"] = {**opened.settings.export.rehearsal.model_dump(), **rehearse}
    if targets is not None:
        changes["targets"] = _names(targets) or None
    if private and to_hub is None:
        raise InputError("--private says how to push to the Hub: it needs --to-hub OWNER/NAME.")
    if to_disk is not None:
        free_folder(to_disk)
    if to_hub is not None:
        hub_token(to_hub)
    with opened.trying("export", **changes), watched(opened, "export") as progress:
        made = make_export(opened, progress=progress, force=force)
    tell_notes(made.made)
    out = _sent_out(made, to_disk, to_hub, private)
    if as_json:
        print_json({**made.as_json(), **out})
    else:
        _print_export(made)
        _print_sent(out)
    if made.leaks:
        tell(
            f"goldshelf: {made.folder} is written and leaks; see certificate in its manifest.json."
        )
    return LEAKED if made.leaks else 0


def _sent_out(
    made: Export, to_disk: Path | None, to_hub: str | None, private: bool
) -> dict[str, Any]:
    """Where an export went beside its folder; what leaks does not leave the machine."""
    out: dict[str, Any] = {}
    if to_disk is not None:
        out["on_disk"] = str(save_to_disk(made, to_disk))
    if to_hub is not None and not made.leaks:
        out["on_hub"] = push_to_hub(made, to_hub, is_private=private).as_json()
    elif to_hub is not None:
        tell(f"goldshelf: {to_hub}: nothing was uploaded, as the export leaks.")
    return out


def _print_sent(out: dict[str, Any]) -> None:
    if "on_disk" in out:
        say(f"saved to {out['on_disk']}: datasets.load_from_disk opens it.")
    if "on_hub" in out:
        kind = "private" if out["on_hub"]["is_private"] else "public"
        say(f"pushed to {out['on_hub']['url']} ({kind}), commit {out['on_hub']['commit'][:12]}.")


def _print_export(made: Export) -> None:
    manifest = made.manifest
    print_table(
        ["file", "rows", "records", "groups", "categories", "sha256"],
        [
            (
                f"{split}.jsonl",
                rows["n_rows"],
                rows["n_records"],
                rows["n_groups"],
                sum(1 for category in rows["by_category"] if category),
                manifest["files"][f"{split}.jsonl"]["sha256"][:16],
            )
            for split, rows in manifest["rows"].items()
        ],
        title=f"{made.folder} ({manifest['format']})",
    )
    between = manifest["certificate"]["between"]
    print_leaks(between, "certificate", with_queries=made.has_queries)
    found = (
        "LEAKS" if made.leaks else "nothing leaks" if between else "one split, nothing to compare"
    )
    say(f"dataset {manifest['dataset_sha'][:16]}: {found}.")


def _names(text: str | None) -> list[str] | None:
    if text is None:
        return None
    return [] if text == _NONE else [name.strip() for name in text.split(",")]


def _templates(opened: Workspace, given: list[str] | None) -> dict[str, str] | None:
    """The templates of the settings with those that were given; None where none was."""
    if not given:
        return None
    settings = opened.settings.export
    for task, text in pairs_of(given, "--template").items():
        chosen = "" if text == _NONE else _text_or_file(text, "--template")
        settings = with_template(settings, task, chosen)
    return settings.templates


def _text_or_file(text: str, option: str = "--system-prompt") -> str:
    """A text as typed, or what stands in the file behind an @."""
    if not text.startswith("@"):
        return _unicode(option, text)
    path = Path(text[1:])
    try:
        return path.read_text("utf-8").removeprefix("\ufeff").rstrip("\n")
    except OSError as error:
        raise InputError(f"{option} {text}: {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{option} {text}: not UTF-8 ({error.reason}).") from error


def _unicode(option: str, text: str) -> str:
    """A text that a file can hold; a terminal may give bytes that are not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{option}: not valid UTF-8 at character {error.start + 1}.") from error
    return text
