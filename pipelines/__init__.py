"""One thin entry point a job; `pipelines.cli` is the `keep3r` command."""
