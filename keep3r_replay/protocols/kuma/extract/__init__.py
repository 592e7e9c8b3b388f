"""What a deployment of KUMA consists of, and how a node is asked for it."""
