"""`python -m deployment` is what `make deploy`, `make destroy`, `make diff` and `make cost` run."""

from deployment.cli import main

main()
