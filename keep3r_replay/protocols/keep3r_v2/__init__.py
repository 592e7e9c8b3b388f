"""Keep3r V2, versions 2.0 to 2.3 and the sidechain."""
