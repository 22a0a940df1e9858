"""Write the question bank for a learning platform: as Moodle XML and as GIFT.

    python -m lessons.teaching.export FOLDER

Moodle reads both. Other platforms read one of them, some through a converter. Answers are not shuffled here,
because the platform does that. `questions.yaml` beside this file is the source.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

HERE = Path(__file__).parent
GIFT_SPECIAL = "\\~=#{}:"
"""Characters that mean something in GIFT; a backslash in front takes the meaning away."""


def questions() -> list[dict[str, Any]]:
    """The bank, in order."""
    with open(HERE / "questions.yaml", encoding="utf-8") as file:
        return list(YAML(typ="safe").load(file))


def gift(bank: list[dict[str, Any]]) -> str:
    """The bank in GIFT, Moodle's text format; a category a lesson."""
    parts, lesson = [], None
    for question in bank:
        if question["lesson"] != lesson:
            lesson = question["lesson"]
            parts.append(f"$CATEGORY: messaging/lesson {lesson:02}\n")
        head = f"::{_escaped(question['id'])}::{_escaped(question['ask'])}"
        why = f"####{_escaped(question['why'])}"
        if "number" in question:
            parts.append(f"{head}{{#\n={question['number']}:{question['within']}\n{why}\n}}\n")
        else:
            wrong = "".join(f"~{_escaped(answer)}\n" for answer in question["wrong"])
            parts.append(f"{head}{{\n={_escaped(question['right'])}\n{wrong}{why}\n}}\n")
    return "\n".join(parts)


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in GIFT_SPECIAL else char for char in text)


def moodle(bank: list[dict[str, Any]]) -> str:
    """The bank as Moodle XML; a category a lesson."""
    quiz = ET.Element("quiz")
    lesson = None
    for question in bank:
        if question["lesson"] != lesson:
            lesson = question["lesson"]
            category = ET.SubElement(ET.SubElement(quiz, "question", type="category"), "category")
            ET.SubElement(category, "text").text = f"$course$/messaging/lesson {lesson:02}"
        numerical = "number" in question
        node = ET.SubElement(quiz, "question", type="numerical" if numerical else "multichoice")
        ET.SubElement(ET.SubElement(node, "name"), "text").text = question["id"]
        _text(node, "questiontext", question["ask"])
        _text(node, "generalfeedback", question["why"])
        ET.SubElement(node, "defaultgrade").text = "1"
        if numerical:
            answer = _answer(node, str(question["number"]), right=True)
            ET.SubElement(answer, "tolerance").text = str(question["within"])
        else:
            ET.SubElement(node, "single").text = "true"
            ET.SubElement(node, "shuffleanswers").text = "true"
            _answer(node, question["right"], right=True)
            for wrong in question["wrong"]:
                _answer(node, wrong, right=False)
    ET.indent(quiz)
    return ET.tostring(quiz, encoding="unicode", xml_declaration=True) + "\n"


def _text(node: ET.Element, name: str, text: str) -> None:
    part = ET.SubElement(node, name, format="plain_text")
    ET.SubElement(part, "text").text = text


def _answer(node: ET.Element, text: str, *, right: bool) -> ET.Element:
    answer = ET.SubElement(node, "answer", fraction="100" if right else "0", format="plain_text")
    ET.SubElement(answer, "text").text = text
    return answer


def main(arguments: list[str]) -> int:
    """Write both files into the folder that is named; give the exit status."""
    if len(arguments) != 1:
        print("Name one folder: python -m lessons.teaching.export FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in (("questions.xml", moodle(questions())), ("questions.gift", gift(questions()))):
            (folder / name).write_text(text, encoding="utf-8")
            print(f"Wrote {folder / name}")
    except OSError as error:
        print(f"{folder}: the questions can't be written there ({error.strerror}).", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
