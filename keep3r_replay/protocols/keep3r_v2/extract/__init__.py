"""What a deployment of Keep3r V2 consists of, and how a node is asked for it."""
