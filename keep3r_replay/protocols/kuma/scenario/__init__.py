"""Scripted histories of KUMA: bonds, sales, purchases, rates, and keepers who come late."""
