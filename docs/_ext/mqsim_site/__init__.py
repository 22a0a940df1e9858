"""What the site adds to Sphinx: pictures made from the text of a page, a table of contents, references.

| module | its one job |
| --- | --- |
| `contents` | which page stands where, and links that differ between a forge and the site |
| `scenes` | a command on a page, carried out: `mqsim run rush.yaml --set ...` gives a result |
| `pictures` | the directives `replay`, `compare`, `explore`, `predict`, `wire` |
| `drawings` | figures that only the course needs |
| `wires` | a protocol's bytes, field by field |
| `sequences` | the directive `sequence`: who sends what to whom in a protocol |
| `frames` | pages of their own inside a page |
| `numbers` | numbers on a page that a run gives |
| `own_message` | the directive `own-message`: a message and its bytes in three protocols |
| `glossary` | words of the glossary, linked at their first use |
| `slides` | slides made from the lessons |
| `reference` | the commands and their options, and what `import mqsim` hands out |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """What Sphinx calls."""
    from pygments.lexers.special import TextLexer

    from mqsim_site import (
        contents,
        frames,
        glossary,
        numbers,
        own_message,
        pictures,
        reference,
        sequences,
        slides,
    )

    # Its diagrams are drawn by a forge; here the text stays, which tells the same.
    app.add_lexer("mermaid", TextLexer)
    for module in (contents, reference, numbers, frames, pictures, sequences, own_message, slides, glossary):
        module.setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
