"""The Databricks Jobs API: notebooks run by papermill, with what a client of the real service sees of them.

The calls, fields and states are those of the public reference of the Jobs API 2.1 and 2.2. What is durable is in one
SQLite file; the notebooks that ran lie beside it.
"""
