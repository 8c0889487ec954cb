"""Documentation as it is read: its console blocks are played, its files written."""

from __future__ import annotations

import io
import re
import shlex
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from terminal.main import run

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Command:
    """A line after ``$`` and what the page shows below it."""

    line: str
    shown: str


@dataclass(frozen=True)
class Played:
    """What a command printed, standard output and error as they came."""

    command: Command
    printed: str


def blocks(text: str) -> list[tuple[str, str, str]]:
    """Language, file name (empty where there is none) and body of each fenced block."""
    return [(language, name or "", body) for language, name, body in _BLOCK.findall(text)]


def commands(body: str) -> list[Command]:
    """The commands of a console block."""
    parts = re.split(r"^\$ ", body, flags=re.MULTILINE)
    assert not parts[0].strip(), f"a console block begins with a command: {parts[0]!r}"
    found = [part.partition("\n") for part in parts[1:]]
    return [Command(line.strip(), shown) for line, _, shown in found]


def plain(text: str) -> str:
    """Without what depends on the width of a column: runs of blanks and of lines are one."""
    lines = [re.sub(r"([ ━─])\1+", r"\1", line).strip() for line in text.splitlines()]
    return "\n".join(lines).strip()


def agrees(shown: str, printed: str) -> bool:
    """Whether the page shows what was printed; ``...`` stands for anything.

    Examples
    --------
    >>> agrees("a ... c", "a b c"), agrees("a\\n...", "a\\nb\\nc"), agrees("a", "ab")
    (True, True, False)
    """
    parts = (re.escape(part) for part in plain(shown).split("..."))
    return re.fullmatch(".*?".join(parts), plain(printed), re.DOTALL) is not None


def play(text: str) -> list[Played]:
    """Run the console blocks of a page in order, where one stands now."""
    played, code = [], 0
    for language, name, body in blocks(text):
        if name:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(body, "utf-8")
        if language != "console":
            continue
        for command in commands(body):
            said = io.StringIO()
            words = shlex.split(command.line)
            if words == ["echo", "$?"]:
                said.write(f"{code}\n")
            elif words[0] == "cat":
                said.write(Path(words[1]).read_text("utf-8"))
            elif words[:2] == ["head", "-1"]:
                said.write(Path(words[2]).read_text("utf-8").partition("\n")[0])
            else:
                assert words[0] == "goldshelf", f"not a command that is played: {command.line}"
                with redirect_stdout(said), redirect_stderr(said):
                    code = run(words[1:])
            played.append(Played(command, said.getvalue()))
    return played


@pytest.fixture(scope="session")
def built_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample workspace, all steps run, baselines predicted."""
    folder = tmp_path_factory.mktemp("built") / "shop"
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        assert run(["sample", str(folder)]) == 0
    return folder


@pytest.fixture
def at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with the sample catalog as in the project's own."""
    shutil.copytree(ROOT / "datasets" / "sample", tmp_path / "datasets" / "sample")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.setenv("LOGNAME", "ana")
    monkeypatch.delenv("GOLDSHELF_DATABASE_URL", raising=False)
    return tmp_path


@pytest.fixture
def shows() -> Callable[[str], list[Played]]:
    """Play a page; every command must have printed what the page shows."""

    def check(text: str) -> list[Played]:
        played = play(text)
        for one in played:
            if not agrees(one.command.shown, one.printed):
                pytest.fail(
                    f"$ {one.command.line}\nthe page shows:\n{one.command.shown}\n"
                    f"it prints:\n{one.printed}",
                    pytrace=False,
                )
        return played

    return check
