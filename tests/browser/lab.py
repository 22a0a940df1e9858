"""A JupyterLab server of our own on 127.0.0.1, with its settings in a folder that goes away."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.outside import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

ROOT = Path(__file__).parent.parent.parent
_QUIET = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}


@dataclass
class Lab:
    """A running JupyterLab.

    Attributes:
        url: where it listens, without a slash at the end.
        folder: where its notebooks are.
    """

    url: str
    folder: Path

    def write(self, name: str, cells: list[str]) -> None:
        """Put a notebook with these code cells into the folder."""
        made: list[dict[str, Any]] = [
            {
                "cell_type": "code",
                "id": f"cell-{place}",
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for place, source in enumerate(cells)
        ]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
        (self.folder / name).write_text(json.dumps(notebook), encoding="utf-8")

    def open(self, page: Page, name: str) -> None:
        """Open a notebook, wait for its kernel, and run all its cells."""
        page.goto(f"{self.url}/lab/tree/{name}?reset")
        page.wait_for_function(_KERNEL_IS_IDLE, timeout=PATIENCE * 1000)
        page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")

    def run_last(self, page: Page) -> str:
        """Run the last cell once more, and give what it prints."""
        page.evaluate(_RUN_LAST)
        return str(page.evaluate(_LAST_OUTPUT)).strip()


_KERNEL_IS_IDLE = """() => {
  const app = window.jupyterapp;
  const shown = app && app.shell.currentWidget;
  const session = shown && shown.sessionContext && shown.sessionContext.session;
  return Boolean(session && session.kernel && session.kernel.status === 'idle');
}"""
_RUN_LAST = """async () => {
  const app = window.jupyterapp, notebook = app.shell.currentWidget.content;
  notebook.activeCellIndex = notebook.widgets.length - 1;
  await app.commands.execute('notebook:run-cell');
}"""
_LAST_OUTPUT = """() => {
  const cells = window.jupyterapp.shell.currentWidget.content.widgets;
  const outputs = cells[cells.length - 1].model.sharedModel.outputs;
  return outputs.map(one => [].concat(one.text || (one.traceback || []).join('\\n')).join('')).join('');
}"""


@contextmanager
def lab(folder: Path) -> Iterator[Lab]:
    """A JupyterLab that serves `folder / "notebooks"`; it is ended when the context is left."""
    notebooks, config, data = folder / "notebooks", folder / "config", folder / "data"
    for one in (notebooks, config, data, folder / "ipython"):
        one.mkdir()
    settings = config / "labconfig" / "settings"
    settings.mkdir(parents=True)
    overrides = folder / "share" / "settings"
    overrides.mkdir(parents=True)
    (overrides / "overrides.json").write_text(json.dumps(_QUIET), encoding="utf-8")
    port = _free_port()
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_DATA_DIR": str(data),
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONPATH": str(ROOT),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    options = [
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        "--LabApp.expose_app_in_browser=True",
        f"--LabServerApp.app_settings_dir={overrides}",
        f"--LabApp.app_settings_dir={overrides}",
        f"--ServerApp.root_dir={notebooks}",
    ]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _await(url, server, folder / "server.log")
            yield Lab(url, notebooks)
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/api/status", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-2000:]}")
