"""Views, questions and audits over the results of Keep3r V1."""
