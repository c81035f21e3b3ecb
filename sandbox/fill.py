"""`sandbox data`: fill the source database, or write the same rows to files."""
