"""Views, questions and audits over the results of a KUMA replay."""
