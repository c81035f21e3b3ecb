"""USER_ID_papermill_dag: the same notebooks, run by papermill where Airflow runs, in a kernel of their own environment.

In the sandbox the kernel is the course's, on MWAA the one that startup.sh makes, with databricks-connect. The executed
notebooks are kept, a folder a logical date.
"""

import os
from pathlib import Path
from typing import Any

try:  # Airflow 3
    from airflow.sdk import DAG
except ImportError:  # Airflow 2.11
    from airflow import DAG
from airflow.providers.papermill.operators.papermill import PapermillOperator
from course_pipeline import DAG_ARGS, LOGICAL_DATE, USER_ID, parameters, pipeline, task_id

NOTEBOOKS = os.environ.get("JOB_NOTEBOOKS", "/usr/local/airflow/dags/notebooks/jobs")
EXECUTED = os.environ.get("EXECUTED_NOTEBOOKS", f"s3://user-{USER_ID}-bucket/executed-notebooks")
KERNEL = "course"


class NotebookOperator(PapermillOperator):
    """Papermill, which writes to S3 as it is, but on a disk makes no folder."""

    def execute(self, context: Any) -> Any:
        """Run the notebook; its folder is there."""
        output = str(self.output_nb)
        if "://" not in output:
            Path(output).parent.mkdir(parents=True, exist_ok=True)
        return super().execute(context)


def run_notebook(notebook: str) -> NotebookOperator:
    """The task that runs a job notebook."""
    return NotebookOperator(
        task_id=task_id(notebook),
        input_nb=f"{NOTEBOOKS}/{notebook}.ipynb",
        output_nb=f"{EXECUTED}/{LOGICAL_DATE}/{notebook}.ipynb",
        parameters=parameters(notebook),
        kernel_name=KERNEL,
        language_name="python",
    )


with DAG(f"{USER_ID}_papermill_dag", tags=["pinterest", "papermill"], **DAG_ARGS) as dag:
    pipeline(run_notebook)
