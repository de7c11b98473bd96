"""What the system does, one module an operation, on ports that the adapters fill."""
