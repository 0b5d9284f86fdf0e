"""Ways in: alerts and events from outside, stored at once, started by a drain in the API server."""
