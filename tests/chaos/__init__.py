"""What kills, fills and damages a run; `smartscale run` in a home of its own, real processes."""
