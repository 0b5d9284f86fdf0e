"""Projects whose files live in Git: looked at, fetched, and laid out as a project's folder."""
