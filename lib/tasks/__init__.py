"""The checks of the notebooks: `part_N` holds those of notebook N, and `lib.checks.check` finds them by their ids."""
