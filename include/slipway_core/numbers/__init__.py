"""Getting the numbers of a gate. Judging them is `quality_gate`'s; no module does both."""
