"""`mqsim lab`: the course notebooks in a folder of the reader's own, opened in JupyterLab.

The notebooks that came with mqsim stay as they are; a reader works on copies, without outputs: answers come
when a cell is run. A copy that the reader changed is theirs and is never touched again; one that was not is
brought up to date. Whoever wants a notebook afresh deletes or renames their copy and calls `mqsim lab` again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mqsim.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

INDEX = "index.ipynb"
RECORD = ".mqsim-notebooks.json"
_ANNOUNCEMENTS = "@jupyterlab/apputils-extension:announcements"


def open_lab(folder: Path, port: int, browser: bool, allow_root: bool = False) -> None:
    """Put the notebooks into a folder and open it; returns when JupyterLab ends.

    Args:
        folder: where the reader's copies are, or will be.
        port: of JupyterLab, on this machine only; if it is taken, one of the next.
        browser: whether to open a browser.
        allow_root: whether it may run as root, which JupyterLab refuses unless told.

    Raises:
        UsageError: JupyterLab is not installed, the notebooks are missing, the folder can't be one, or this
            is root and nobody said that it may be.
    """
    if find_spec("jupyterlab") is None or find_spec("anywidget") is None:
        raise UsageError(
            "the notebooks need JupyterLab, which is not installed: `pip install 'mqsim[notebooks]'`, or "
            "`make lab` in a clone."
        )
    if hasattr(os, "geteuid") and os.geteuid() == 0 and not allow_root:
        raise UsageError(
            "you are root, and as root a notebook could change everything on this machine. Run mqsim lab as "
            "another user, or, in a container of your own, as `mqsim lab --allow-root`."
        )
    for sentence in provide(shipped(), folder):
        typer.echo(sentence)
    words = [
        str(folder),
        f"--port={port}",
        "--ServerApp.ip=127.0.0.1",
        f"--LabApp.default_url=/lab/tree/{INDEX}",
        *([] if browser else ["--no-browser"]),
        *(["--allow-root"] if allow_root else []),
    ]
    with quiet():
        import_module("jupyterlab.labapp").main(words)


def shipped() -> Path:
    """The folder of the notebooks that came with mqsim: inside the package, or beside it in a clone.

    Raises:
        UsageError: there are none.
    """
    package = Path(__file__).parents[1]
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if any(folder.glob("[0-9][0-9]_*.ipynb")):
            return folder
    raise UsageError("this installation of mqsim came without its notebooks; install it again.")


def provide(source: Path, folder: Path) -> list[str]:
    """Copy notebooks, without outputs, into a folder; touch nothing that a reader has changed.

    Args:
        source: the folder that they are in.
        folder: where they go; it is made if need be.

    Returns:
        What was done, in sentences.

    Raises:
        UsageError: the folder is a file, or the one that the notebooks are kept in.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder, as in `mqsim lab --dir my-notebooks`.")
    if folder.resolve() == source.resolve():
        raise UsageError(f"{folder} is where the notebooks are kept; name another folder to work in.")
    folder.mkdir(parents=True, exist_ok=True)
    record = _read(folder / RECORD)
    new, kept = [], []
    notebooks = sorted(source.glob("[0-9][0-9]_*.ipynb"))
    texts = {INDEX: contents(notebooks)} | {notebook.name: unanswered(notebook) for notebook in notebooks}
    for name, text in texts.items():
        target = folder / name
        fresh = _digest(text)
        if target.exists():
            here = _digest(target.read_bytes())
            if here != fresh and here != record.get(name):
                kept.append(name)
                continue
        if not target.exists() or here != fresh:
            _write(target, text)
            new.append(name)
        record[name] = fresh
    _write(folder / RECORD, json.dumps(record, indent=1).encode())
    said = [f"The notebooks are in {folder}."]
    if new and kept:
        said.append(f"Put there or brought up to date: {', '.join(new)}.")
    if kept:
        said.append(f"Left as you changed them: {', '.join(kept)}. Delete one to have it afresh next time.")
    return said


def contents(notebooks: Iterable[Path]) -> bytes:
    """The first page of the reader's folder: a link to each notebook, and where to go from there.

    It is a notebook of one text, because JupyterLab opens a Markdown file as its source.
    """
    lines = [
        "# The course",
        "",
        "Begin with the tour, or open the notebook that you need. Shift+Enter runs a cell.",
        "",
    ]
    for notebook in notebooks:
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        first = "".join(cells[0]["source"]) if cells else ""
        title = first.partition("\n")[0].removeprefix("# ").strip() or notebook.stem
        lines.append(f"* [{title}]({notebook.name})")
    lines += [
        "",
        "In a terminal (File, New, Terminal):",
        "",
        "* `mqsim lesson` lists the lessons, and `mqsim lesson 5 lesson-5` copies the programs of lesson 5.",
        "* `mqsim exercise list` lists the exercises, and `mqsim exercise start hello_queue` begins one.",
        "",
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    cell = {"cell_type": "markdown", "id": "contents", "metadata": {}, "source": "\n".join(lines)}
    page = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(page, indent=1, ensure_ascii=False) + "\n").encode()


@contextmanager
def quiet() -> Iterator[None]:
    """JupyterLab without its question about news, and so without asking the network for them."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "labconfig")
        config.mkdir()
        page = {"disabledExtensions": {_ANNOUNCEMENTS: True}}
        (config / "page_config.json").write_text(json.dumps(page), encoding="utf-8")
        before = os.environ.get("JUPYTER_CONFIG_PATH")
        os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, [folder, before]))
        try:
            yield
        finally:
            if before is None:
                del os.environ["JUPYTER_CONFIG_PATH"]
            else:
                os.environ["JUPYTER_CONFIG_PATH"] = before


def unanswered(notebook: Path) -> bytes:
    """A notebook without its outputs: whoever is asked for a guess should not have the answer below."""
    found = json.loads(notebook.read_text("utf-8"))
    for cell in found["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode()


def _digest(text: bytes) -> str:
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _read(file: Path) -> dict[str, str]:
    """Digests of the copies as they were made; empty where there is no record, or none that can be read."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(file: Path, text: bytes) -> None:
    """Write aside and move under the name, so that an interruption leaves no half of a notebook."""
    draft = file.with_name(file.name + ".new")
    draft.write_bytes(text)
    draft.replace(file)
