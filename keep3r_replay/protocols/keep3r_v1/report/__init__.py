"""The page about the results of a Keep3r V1 replay."""
