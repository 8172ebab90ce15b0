"""Exports of notebooks by nbconvert, on the command line and from JupyterLab's menu.

install.sh puts this file beside the settings of nbconvert and of the Jupyter server.
"""

import re

import bleach
from nbconvert.preprocessors import Preprocessor

c = get_config()  # noqa: F821 - whoever reads the settings provides it


class Pictures(Preprocessor):
    """Shows the pictures of figures in sanitized exports, which JupyterLab's menu makes unless told otherwise.

    Sanitizing turns the scripts and images of a figure's HTML into text to be read. The figure brings a picture of its own.
    """

    def preprocess_cell(self, cell, resources, index):
        if getattr(self.parent, "sanitize_html", False):
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                if "image/png" in data:
                    data.pop("text/html", None)
        return cell, resources


# What a text may hold: nbconvert's own list lacks paragraphs, headings and images, and shows their tags as text.
TAGS = set(bleach.ALLOWED_TAGS) | set(
    "p br hr h1 h2 h3 h4 h5 h6 div span pre kbd samp var sub sup del ins small q dl dt dd figure figcaption img "
    "table caption colgroup col thead tbody tfoot tr th td details summary".split()
)
ATTRIBUTES = {
    **bleach.ALLOWED_ATTRIBUTES,
    "*": ["class", "id", "title", "lang", "dir"],
    "td": ["align", "colspan", "rowspan"],
    "th": ["align", "colspan", "rowspan", "scope"],
    "ol": ["start"],
}


WEB = re.compile(r"https?://|[^:]*$", re.I)  # or a place in the page or beside it
PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[a-z0-9+/=\s]*$", re.I)


def image(tag: str, name: str, value: str) -> bool:
    """Images come from the web, from files, or lie in the page."""
    if name == "src":
        return bool(WEB.match(value) or PICTURE.match(value))
    return name in ("alt", "width", "height", *ATTRIBUTES["*"])


def link(tag: str, name: str, value: str) -> bool:
    """Links lead to the web, to files, and within the page."""
    if name == "href":
        return bool(WEB.match(value) or re.match("mailto:", value, re.I))
    return name in ATTRIBUTES["*"]


def clean_html(html: str | bytes) -> str:
    """Take out of a text what could run, and leave what makes it a text."""
    text = html.decode() if isinstance(html, bytes) else str(html)
    protocols = {*bleach.ALLOWED_PROTOCOLS, "data"}  # the latter for images, which look closer
    return bleach.clean(text, tags=TAGS, attributes={**ATTRIBUTES, "img": image, "a": link}, protocols=protocols)


c.HTMLExporter.preprocessors = [Pictures]
c.HTMLExporter.filters = {"clean_html": clean_html}
