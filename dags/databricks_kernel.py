"""The names that Databricks gives a notebook, in a kernel on databricks-connect: `spark`, `dbutils` and `display`.

It is the `etc/ipython/ipython_config.py` of that kernel's environment. DATABRICKS_HOST and DATABRICKS_TOKEN tell where
the workspace is, or any other way of Databricks' clients; SPARK_REMOTE leads to another Spark Connect server.
"""

c = get_config()  # noqa: F821
c.InteractiveShellApp.exec_lines = [
    "from databricks.connect import DatabricksSession",
    "from databricks.sdk import WorkspaceClient",
    "from IPython.display import display as show",
    "spark, dbutils = DatabricksSession.builder.getOrCreate(), WorkspaceClient().dbutils",
    "display = lambda *values: show(*(v.toPandas() if hasattr(v, 'toPandas') else v for v in values))",
]
