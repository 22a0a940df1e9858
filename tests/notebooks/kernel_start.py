"""Runs in the kernel before a notebook's first cell: pyplot's figures are kept with a text and a digest of
their data.

Pictures of one figure differ in their bytes from machine to machine (fonts, versions of libpng). What they
show does not, so a committed picture is fresh when its text and its data are.
"""

import hashlib
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from IPython import get_ipython
from IPython.core.pylabtools import print_figure
from matplotlib.axes import Axes
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from numpy.typing import NDArray


def text_of(figure: Figure) -> str:
    """What the figure is about, in words. (mqsim's own figures tell more, and don't come this way.)"""
    return " ".join(f"{titled(ax)}: {ax.get_ylabel()} over {ax.get_xlabel()}." for ax in figure.axes)


def titled(ax: Axes) -> str:
    words = (ax.get_title(loc=side) for side in ("left", "center", "right"))
    return " ".join(word for word in words if word) or "A figure"


def digest_of(figure: Figure) -> str:
    """A fingerprint of the lines, bars and words in a figure."""
    digest = hashlib.blake2b(digest_size=8)
    for ax in figure.axes:
        for line in ax.lines:
            digest.update(_plain(line.get_xydata()))
        for patch in ax.patches:
            digest.update(_plain(patch.get_path().vertices))
            digest.update(_plain(patch.get_patch_transform().get_matrix()))
        for collection in ax.collections:
            for path in collection.get_paths():
                digest.update(_plain(path.vertices))
            digest.update(_plain(collection.get_offsets()))
        digest.update("|".join(text.get_text() for text in ax.texts).encode())
    return digest.hexdigest()


def _plain(numbers: Any) -> bytes:
    """Numbers to six figures, as text, so that the last bit does not count."""
    values: NDArray[np.float64] = np.ma.filled(np.ma.asarray(numbers, dtype=float), np.nan).ravel()
    return " ".join(f"{value:.6g}" for value in values + 0.0).encode()


def picture(figure: Figure) -> Any:
    """The picture and its metadata, as IPython's formatters give them."""
    made = print_figure(figure, fmt="png", base64=True)
    if made is None:
        return None
    data = made[0] if isinstance(made, tuple) else made
    return data, {"alt": text_of(figure), "data": digest_of(figure)}


def begin() -> None:
    """Draw inline, through `picture`."""
    shell = get_ipython()
    matplotlib.use("module://matplotlib_inline.backend_inline")
    shell.run_line_magic("matplotlib", "inline")
    shell.display_formatter.formatters["image/png"].for_type(Figure, picture)


if get_ipython() is not None:
    begin()
