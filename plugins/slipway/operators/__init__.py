"""The operators that take the tasks of a shipyard."""
