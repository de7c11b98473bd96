"""The head of a package: what fuses network, training photos and lessons."""
