"""Which model answers: switches, imports, trials and the products behind its labels."""
