"""Changing projects: what `keptn create`, `keptn delete` and `keptn add-resource` did, in folders and in Git."""
