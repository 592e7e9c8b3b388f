"""`python -m keep3r_replay`: the command `keep3r`."""

from keep3r_replay.pipelines.cli import run

if __name__ == "__main__":
    run()
