"""Exports of notebooks by nbconvert, on the command line and from JupyterLab's menu.

install.sh puts this file beside the settings of nbconvert and of the Jupyter server.
"""

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


c.HTMLExporter.preprocessors = [Pictures]
