"""The documents of the contract, made from what the domain and the operations know."""
