"""The palette as the scripts import it.

After a change of colours: `python -m tests.widgets.palette_script --write`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from mqsim.viz import palette
from mqsim.widgets import browser
from mqsim.widgets.explore.drawing import ENDINGS

SCRIPT = Path(str(browser.__file__)).with_name("palette.js")
NAMES = ("BLUE", "ORANGE", "GREEN", "VERMILLION", "SKY", "PURPLE", "HUES", "FONT")


def made() -> str:
    """The text of `palette.js`."""
    values = {
        "PAPERS": {"light": asdict(palette.LIGHT), "dark": asdict(palette.DARK)},
        **{name: getattr(palette, name) for name in NAMES},
        # Their places in this list travel to the browser.
        "ENDINGS": [asdict(palette.ENDINGS[name]) for name in ENDINGS],
    }
    lines = [
        "// The palette of mqsim/viz/palette.py, made by `python -m tests.widgets.palette_script --write`.",
        "",
        *(f"export const {name} = {json.dumps(value, indent=2)};" for name, value in values.items()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    SCRIPT.write_text(made(), encoding="utf-8", newline="\n")
