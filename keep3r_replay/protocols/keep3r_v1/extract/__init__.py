"""What a deployment of Keep3r V1 consists of, and how a node is asked for it."""
