"""The page about the results of a KUMA replay."""
