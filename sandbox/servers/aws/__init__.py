"""What every server that answers as Amazon does shares: protocol, signatures, errors, definitions on disk."""
