"""Scripted histories: actors, market and base fees, a schedule of calls, the lake that contracts would leave."""
