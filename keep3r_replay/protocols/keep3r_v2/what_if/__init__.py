"""Replays of Keep3r V2 with changed inputs."""
