"""What scales say on the wire: one module a protocol, each a parser without any I/O."""
