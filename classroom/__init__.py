"""For instructors: the students' notebooks, made from the solved ones, and the grading of what comes back."""
