"""What the operations need from outside. The adapters are the real ones, the tests have fakes."""
