"""The files of a submission, for checks that read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mqsim.grading.expectations import Unmet, expect
from mqsim.scenario.yaml import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Files:
    """The files of a submission, for a check that reads them (`scene=reading()`).

    Args:
        contents: each file's bytes, by its name relative to the submission.
        seed: a number that depends on the course key and the exercise alone.

    Attributes:
        contents: as above.
        seed: as above.
    """

    def __init__(self, contents: Mapping[str, bytes], seed: int) -> None:
        self.contents = dict(contents)
        self.seed = seed

    def text(self, name: str) -> str:
        """A file's text.

        Raises:
            Unmet: there is no such file, or it is no text.
        """
        expect(name in self.contents, f"There is no file {name}.")
        try:
            return self.contents[name].decode("utf-8-sig")
        except UnicodeDecodeError:
            expect(False, f"{name} is no text in UTF-8.")
            raise

    def yaml(self, name: str) -> Any:
        """What a YAML file says: plain data (aliases and the file's size are limited).

        Raises:
            Unmet: there is no such file, or it is no YAML.
        """
        text = self.text(name)
        try:
            return read_text(text, name)
        except Exception as error:
            raise Unmet(f"{name} is no YAML: {error}") from error


def files_in(folder: Path) -> dict[str, bytes]:
    """The files of a folder, by their relative names; links are left out."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }
