"""The `smartscale` commands on a stack that runs: embedded, under LocalStack, or on AWS."""
