"""Proving a lake: from one trusted block hash to every log, input, gas figure and parameter that the lake holds."""
