"""Views, questions and audits in SQL over a lake of Keep3r V2 and its results."""
