"""A protocol of one event, which is nothing but this folder."""
