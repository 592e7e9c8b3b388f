"""Lets the tests of this folder import what stands beside them."""
