"""One thin entry point a job; `cli` is the `keep3r` command. Once installed, this is `keep3r_replay.pipelines`."""
