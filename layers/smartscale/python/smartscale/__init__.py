"""SmartScale's shared layer: the domain, the operations on it, and the adapters to the cloud."""

__version__ = "0.1.0"
