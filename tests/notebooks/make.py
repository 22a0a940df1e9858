"""Makes the notebooks from their sources: `python -m tests.notebooks.make [--write] [00 03 ...]`.

Each is run in a kernel of its own, in an empty folder, with nobody's settings. Without `--write` nothing is
changed, and what is out of date is listed.
"""

from __future__ import annotations

import argparse
import copy
import os
import re
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.notebooks.sources import ROOT, SOURCES, read

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 60  # seconds a whole notebook may take
_START = Path(__file__).with_name("kernel_start.py")
_WIDGETS = re.compile(r"^application/vnd\.jupyter\.widget")
_PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=\s]+")
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def made(source: Path) -> NotebookNode:
    """The notebook with its outputs.

    Raises:
        CellExecutionError: a cell failed.
    """
    notebook = read(source)
    with tempfile.TemporaryDirectory() as folder, kernel_settings(Path(folder)):
        work = Path(folder, "work")
        work.mkdir()
        client = NotebookClient(
            notebook,
            timeout=LONGEST,
            kernel_name="python3",
            resources={"metadata": {"path": str(work)}},
            record_timing=False,
            store_widget_state=False,
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
        )
        client.execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for each in cell.outputs if (output := cleaned(each))]
    notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info = NotebookNode(name="python")
    return notebook


@contextmanager
def kernel_settings(folder: Path) -> Iterator[None]:
    """An environment for the kernel in which no setting of the machine's owner counts."""
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    shutil.copy(_START, startup / "00-start.py")
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    changed = {
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "MPLCONFIGDIR": str(folder / "matplotlib"),
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    before = dict(os.environ)
    os.environ.update(changed)
    os.environ.pop("MPLBACKEND", None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def cleaned(output: NotebookNode) -> NotebookNode | None:
    """An output as it is kept: no live widget, no address in memory; None if nothing is left."""
    output = copy.deepcopy(output)
    if "data" in output:
        bundle = output.data
        lives = [kind for kind in bundle if _WIDGETS.match(kind)]
        for kind in lives:
            del bundle[kind]
        if lives and set(bundle) == {"text/plain"}:
            return None  # its still picture is an output of its own
        if set(bundle) == {"text/plain"} and bundle["text/plain"].startswith("<Figure"):
            return None
        for kind, text in bundle.items():
            if kind.startswith("text/"):
                bundle[kind] = _ADDRESS.sub("", text)
        if not bundle:
            return None
    return output


def compared(notebook: NotebookNode) -> dict[str, Any]:
    """What has to agree between a notebook and its source: all but the bytes of pictures."""
    plain = copy.deepcopy(notebook)
    for cell in plain.cells:
        for output in cell.get("outputs", []):
            for kind in output.get("data", {}):
                if kind.startswith("image/"):
                    output.data[kind] = "a picture"
            if "text/html" in output.get("data", {}):
                output.data["text/html"] = _PICTURE.sub("a picture", output.data["text/html"])
    return {"cells": plain.cells, "metadata": plain.metadata}


def stale(source: Path, fresh: NotebookNode) -> list[str]:
    """Which cells of the notebook beside a source are not what the source gives."""
    target = source.with_suffix(".ipynb")
    if not target.exists():
        return [f"{target.name} is not there"]
    kept, wanted = compared(nbformat.read(target, as_version=4)), compared(fresh)
    if [cell.id for cell in kept["cells"]] != [cell.id for cell in wanted["cells"]]:
        return [f"{target.name}: its cells are not those of its source"]
    pairs = zip(kept["cells"], wanted["cells"], strict=True)
    found = [f"{target.name}: {old.id}" for old, new in pairs if old != new]
    return found or ([f"{target.name}: metadata"] if kept["metadata"] != wanted["metadata"] else [])


def write(source: Path, notebook: NotebookNode) -> None:
    text = nbformat.writes(notebook, version=4)
    source.with_suffix(".ipynb").write_text(text + "\n", encoding="utf-8")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.notebooks.make", description=__doc__)
    parser.add_argument("--write", action="store_true", help="keep what was made")
    parser.add_argument("numbers", nargs="*", metavar="NN", help="which; by default all")
    asked = parser.parse_args(arguments)
    status = 0
    for source in SOURCES:
        if asked.numbers and source.name[:2] not in asked.numbers:
            continue
        began = time.monotonic()
        fresh = made(source)
        print(f"{source.stem}: {time.monotonic() - began:.0f} s")
        found = stale(source, fresh)
        if asked.write and found:
            write(source, fresh)
        elif found:
            status = 1
        for line in found:
            print(f"  {'made anew' if asked.write else 'out of date'}: {line}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
