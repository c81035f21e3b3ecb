#!/bin/sh
# MWAA runs this before each of its parts starts: it exports what the DAGs ask for, and on workers makes the kernel that
# the papermill DAG runs the notebooks with. What to upload, and where:
#   dags/*                        the bucket's dags/ (this file and requirements.txt where the environment expects them)
#   lib, notebooks/jobs           dags/lib, dags/notebooks/jobs
#   requirements/databricks.txt   dags/databricks.txt
set -eu

# --- yours to fill in --------------------------------------------------------
export USER_ID="${USER_ID:-}"
export COURSE_CATALOG="${COURSE_CATALOG:-workspace}"
# The folder with the job notebooks in your Databricks workspace.
export DATABRICKS_NOTEBOOKS="${DATABRICKS_NOTEBOOKS:-/Workspace/Shared/pinterest-pipeline/notebooks/jobs}"
# The secret of Secrets Manager that holds {"host": ..., "token": ...} of the workspace; empty: no papermill DAG.
SECRET="${DATABRICKS_SECRET:-}"
# ------------------------------------------------------------------------------

DAGS="${COURSE_DAGS:-/usr/local/airflow/dags}"
KERNEL="${COURSE_KERNEL:-/usr/local/airflow/course-kernel}"

if [ -n "$SECRET" ]; then
    # A statement of its own: in an export, a failed look-up would go unnoticed.
    PAIR=$(python3 -c 'import boto3, json, sys
pair = json.loads(boto3.client("secretsmanager").get_secret_value(SecretId=sys.argv[1])["SecretString"])
print(pair["host"], pair["token"])' "$SECRET")
    export DATABRICKS_HOST="${PAIR% *}" DATABRICKS_TOKEN="${PAIR#* }"
    export DATABRICKS_SERVERLESS_COMPUTE_ID="${DATABRICKS_SERVERLESS_COMPUTE_ID:-auto}"
fi

make_kernel() {
    python3 -m venv "$KERNEL"
    "$KERNEL/bin/python" -m pip install --quiet --require-hashes -r "$DAGS/databricks.txt"
    # The notebooks import lib from beside the DAGs.
    "$KERNEL/bin/python" -c 'import pathlib, sys, sysconfig
pathlib.Path(sysconfig.get_path("purelib"), "course.pth").write_text(sys.argv[1] + "\n")' "$DAGS"
    mkdir -p "$KERNEL/etc/ipython"
    cp "$DAGS/databricks_kernel.py" "$KERNEL/etc/ipython/ipython_config.py"
    "$KERNEL/bin/python" -m ipykernel install --user --name course --display-name "The course"
}

case "${MWAA_AIRFLOW_COMPONENT:-worker}" in
worker | hybrid) make_kernel ;;
esac
