#!/bin/sh
# Pin requirements/*.in with hashes and without any registry's address. Pass --upgrade to take newer versions.
set -eu
cd "$(dirname "$0")/../requirements"
compile() { ../.venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header "$@"; }
compile "$@" course.in -o course.txt
compile "$@" -c course.txt test.in -o test.txt
compile "$@" -c course.txt bootstrap.in -o bootstrap.txt
# What runs on the client instance on AWS.
compile "$@" -c course.txt ../aws/ec2/rest-proxy.in -o rest-proxy.txt
# Airflow has environments of its own. What the sandbox runs has the pins of MWAA; 2.11 those of the week it came out.
sed '/^--constraint/d' ../dags/requirements.txt | compile "$@" -c ../dags/constraints.txt - -o airflow.txt
compile "$@" --exclude-newer 2025-05-25 airflow2.in -o airflow2.txt
compile "$@" databricks.in -o databricks.txt
compile "$@" templates.in -o templates.txt
compile "$@" emulator.in -o emulator.txt
