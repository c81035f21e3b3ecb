"""USER_ID_dag: the job notebooks on Databricks, each a run of its own, over the connection `databricks_default`.

Deferrable is Airflow's own option, `[operators] default_deferrable`: with it the triggerer waits and a task takes no
worker's place meanwhile, but a task that is marked failed by hand leaves its run to Databricks.
"""

import os

try:  # Airflow 3
    from airflow.sdk import DAG
except ImportError:  # Airflow 2.11
    from airflow import DAG
from airflow.providers.databricks.operators.databricks import DatabricksSubmitRunOperator
from course_pipeline import DAG_ARGS, LOGICAL_DATE, USER_ID, parameters, pipeline, task_id

# The folder of the Git folder in the workspace that holds this repository.
NOTEBOOKS = os.environ.get("DATABRICKS_NOTEBOOKS", "/Workspace/Shared/pinterest-pipeline/notebooks/jobs")
POLL_SECONDS = 5
# A request that is sent twice starts one run; another try of the task starts another. At most 64 characters.
TOKEN = f"{USER_ID}-NOTEBOOK-{{{{ dag_run.start_date | ts_nodash }}}}-{{{{ ti.try_number }}}}"


def run_notebook(notebook: str) -> DatabricksSubmitRunOperator:
    """The task that runs a job notebook; with no cluster named it runs on serverless compute."""
    notebook_task = {
        "notebook_path": f"{NOTEBOOKS}/{notebook}",
        "source": "WORKSPACE",
        "base_parameters": parameters(notebook),
    }
    return DatabricksSubmitRunOperator(
        task_id=task_id(notebook),
        run_name=f"{USER_ID} {notebook} {LOGICAL_DATE}",
        tasks=[{"task_key": notebook, "notebook_task": notebook_task}],
        idempotency_token=TOKEN.replace("NOTEBOOK", notebook),
        polling_period_seconds=POLL_SECONDS,
    )


with DAG(f"{USER_ID}_dag", tags=["pinterest", "databricks"], **DAG_ARGS) as dag:
    pipeline(run_notebook)
