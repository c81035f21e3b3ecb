"""`make run`: every row from the database to the answers, and the proof that none was lost or doubled."""
