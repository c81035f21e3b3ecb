"""`python -m sandbox.servers.jobs.convert_notebook NOTEBOOK PAGE`: an executed notebook as a page without scripts."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter

FAILED = "failed"
STYLE = f"""<style>
.celltag_{FAILED} {{ border-left: 6px solid #c5221f; background: #fce8e6; padding-left: 4px; }}
body {{ padding: 0 1em; }}
</style>"""


def main() -> None:
    """Convert; the page appears whole or not at all."""
    source, page = Path(sys.argv[1]), Path(sys.argv[2])
    partial = page.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(html_of(nbformat.read(source, as_version=4)), encoding="utf-8")
    partial.replace(page)


def html_of(notebook: nbformat.NotebookNode) -> str:
    """The notebook as HTML, the failing cell marked; secrets of this process's environment are blotted out."""
    for cell in notebook.cells:
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), FAILED]
    exporter = HTMLExporter(require_js_url="", jquery_url="", mathjax_url="", mermaid_js_url="")
    text, _ = exporter.from_notebook_node(notebook)
    for name in ("DATABRICKS_TOKEN", "SPARK_CONNECT_AUTHENTICATE_TOKEN"):
        if secret := os.environ.get(name):
            text = text.replace(secret, "[REDACTED]")
    return str(text).replace("</head>", f"{STYLE}</head>", 1)


if __name__ == "__main__":
    main()
