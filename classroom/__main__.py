"""`python -m classroom` is what `make exercises` and `make grade` run."""

from classroom.cli import main

main()
