"""YAML 1.2's core schema, read strictly: plain types only, duplicate keys refused, aliases and sizes capped.

Numbers are numbers (`1e-3` too), what stands in quotes is a text, `on` and `yes` are texts. A file is read
once as a stream of events, so that an alias costs nothing and a bomb of aliases is counted before it goes
off.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.representer import SafeRepresenter

from mqsim.scenario.problems import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_BYTES = 1_000_000
MOST_VALUES = 200_000
MOST_ALIASES = 1_000
DEEPEST = 30
_EXACT = 1e15

_WORDS = re.compile(r"[A-Za-z]([A-Za-z0-9 _./-]*[A-Za-z0-9_./-])?")
_NULL = re.compile(r"|~|null|Null|NULL")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"([-+]?)\.(inf|Inf|INF)")
_NAN = re.compile(r"\.(nan|NaN|NAN)")
_TAGS = {"tag:yaml.org,2002:str"}


def is_text(source: str) -> bool:
    """Whether `source` is YAML itself rather than the path of a file."""
    return (
        not source.strip()
        or "\n" in source
        or ": " in source
        or source.rstrip().endswith(":")
        or source[0] in "[{"
    )


def read_file(path: Path) -> Any:
    """The plain data in a YAML file.

    Raises:
        ScenarioError: it does not exist, is a folder, is too large, is no text, or is not YAML.
    """
    where = str(path)
    if path.is_dir():
        raise refusal(where, path.name, "a YAML file", says="this is a folder")
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise refusal(where, path.name, "an existing YAML file", says="there is no such file") from None
    except (OSError, ValueError) as error:
        raise refusal(where, path.name, "a file that can be read", str(error)) from None
    if len(raw) > MOST_BYTES:
        raise refusal(where, path.name, f"at most {MOST_BYTES} bytes long", says="this file is too large")
    try:
        return read_text(raw.decode("utf-8-sig"), where)
    except UnicodeDecodeError:
        raise refusal(where, path.name, "a text file in UTF-8", says="this is no text") from None


def read_text(text: str, where: str = "scenario") -> Any:
    """The plain data that a YAML text stands for; None where it is empty."""
    if len(text) > MOST_BYTES:
        raise refusal(where, text, f"at most {MOST_BYTES} characters long", says="this text is too long")
    if "\x00" in text:
        raise refusal(where, text, "a text file in UTF-8", says="this is no text")
    return _Reader(text, where).read()


def read_value(text: str) -> Any:
    """One value as it would stand behind a field's colon: `3` is a number, `[1, 2]` a list, `abc` a text."""
    return read_text(text, "value")


def write(data: Any) -> str:
    """Plain data as YAML that `read_text` reads back as the same data."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.version = (1, 2)
    yaml.explicit_start = False
    yaml.default_flow_style = None
    yaml.allow_unicode = True
    yaml.width = 110
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    out = io.StringIO()
    yaml.dump(_short_numbers(data), out)
    text = out.getvalue()
    return text.removeprefix("%YAML 1.2\n").removeprefix("---\n").removeprefix("--- ")


class _Representer(SafeRepresenter):
    """Puts every text in double quotes that is more than words and could be taken for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        """Every value is written out."""
        return True

    def represent_text(self, text: str) -> Any:
        """A text, quoted where it has to be."""
        plain = _WORDS.fullmatch(text) is not None and _plain(text) == text
        style = None if plain else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Representer.add_representer(str, _Representer.represent_text)


def _short_numbers(data: Any) -> Any:
    """The same data with 600 for 600.0; arguments of bindings keep their types, as AMQP does."""
    if isinstance(data, dict):
        return {key: value if key == "arguments" else _short_numbers(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_short_numbers(value) for value in data]
    return int(data) if isinstance(data, float) and data.is_integer() and abs(data) < _EXACT else data


class _Reader:
    """Builds plain data from YAML events; `weights` counts what an anchor stands for, aliases expanded."""

    def __init__(self, text: str, where: str) -> None:
        self.where = where
        self.events = _events(text, where)
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.aliases = 0

    def read(self) -> Any:
        """The one document of the text."""
        documents = 0
        value: Any = None
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop(event, "a second document", "one document", "Remove the line with ---")
                value, _ = self._node(next(self.events), 0)
        return value

    def _node(self, event: Any, depth: int) -> tuple[Any, int]:
        """One value, and how many values it stands for."""
        if depth > DEEPEST:
            self._stop(event, "a deeply nested value", f"nested at most {DEEPEST} deep")
        if isinstance(event, AliasEvent):
            self.aliases += 1
            if self.aliases > MOST_ALIASES:
                self._stop(event, f"*{event.anchor}", f"one of at most {MOST_ALIASES} aliases")
            if event.anchor not in self.anchors:
                self._stop(event, f"*{event.anchor}", "an alias of an anchor that ends above it")
            return self.anchors[event.anchor]
        if event.tag is not None and event.tag != "!" and event.tag not in _TAGS:
            self._stop(event, event.tag, "a plain value without a tag")
        if isinstance(event, ScalarEvent):
            found: tuple[Any, int] = (self._scalar(event), 1)
        elif isinstance(event, SequenceStartEvent):
            found = self._list(event, depth)
        else:
            found = self._mapping(event, depth)
        if found[1] > MOST_VALUES:
            self._stop(
                event, "an expanded value", f"at most {MOST_VALUES} values with its aliases written out"
            )
        if event.anchor is not None:
            self.anchors[event.anchor] = found
        return found

    def _list(self, start: SequenceStartEvent, depth: int) -> tuple[list[Any], int]:
        values: list[Any] = []
        weight = 1
        while not _ends(event := next(self.events)):
            value, more = self._node(event, depth + 1)
            values.append(value)
            weight += more
        return values, weight

    def _mapping(self, start: MappingStartEvent, depth: int) -> tuple[dict[Any, Any], int]:
        values: dict[Any, Any] = {}
        weight = 1
        while not _ends(event := next(self.events)):
            key, _ = self._node(event, depth + 1)
            if isinstance(key, dict | list):
                self._stop(event, key, "a name", "A mapping or a list can't be one; put {} and [] in quotes")
            if key in values:
                self._stop(event, key, "given once", says=f"'{key}' stands here twice")
            values[key], more = self._node(next(self.events), depth + 1)
            weight += more
        return values, weight

    def _scalar(self, event: ScalarEvent) -> Any:
        text = event.value
        if event.style is not None or event.tag is not None:
            return text
        try:
            return _plain(text)
        except ValueError:
            self._stop(event, f"{text[:20]}...", "a number of fewer digits")

    def _stop(self, event: Any, value: object, allowed: str, hint: str = "", says: str = "") -> NoReturn:
        raise refusal(f"{self.where}, line {event.start_mark.line + 1}", value, allowed, hint, says)


def _plain(text: str) -> Any:
    """A plain scalar by the core schema of YAML 1.2 (chapter 10.3)."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    if _INT.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text[2:], 8)
    if _HEX.fullmatch(text):
        return int(text, 16)
    if _FLOAT.fullmatch(text):
        return float(text)
    if infinite := _INFINITE.fullmatch(text):
        return float(f"{infinite[1]}inf")
    return float("nan") if _NAN.fullmatch(text) else text


def _ends(event: Any) -> bool:
    return type(event).__name__ in ("SequenceEndEvent", "MappingEndEvent")


def _events(text: str, where: str) -> Iterator[Any]:
    """Ruamel's events, with its errors in our words."""
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    try:
        yield from yaml.parse(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        shown = text.splitlines()[mark.line].strip() if mark and mark.line < len(text.splitlines()) else ""
        raise refusal(f"{where}{line}", shown, "YAML", f"The reader says: {error.problem}") from None
    except (YAMLError, RecursionError) as error:
        raise refusal(where, text[:40], "YAML", str(error).splitlines()[0]) from None
