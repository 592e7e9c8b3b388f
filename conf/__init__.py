"""Configuration of the pipelines: one YAML file a pipeline, one folder a group of choices. See `pipelines.config`."""
