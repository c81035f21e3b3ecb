"""`make bench`: the pipeline's figures, each as a ratio in one run, beside the bar it is meant to reach."""
