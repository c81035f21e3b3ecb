"""`display`: a DataFrame as a table one can read, anything else as IPython shows it."""

from typing import Any

from IPython.display import display as show

ROWS_SHOWN = 1000


def display(*values: Any) -> None:
    """Show values; of a Spark DataFrame the first 1,000 rows, as on Databricks."""
    for value in values:
        show(value.limit(ROWS_SHOWN).toPandas() if hasattr(value, "toPandas") else value)
