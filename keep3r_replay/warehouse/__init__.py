"""DuckDB over lake and results: documented views, questions, and audits that return the bad rows."""
