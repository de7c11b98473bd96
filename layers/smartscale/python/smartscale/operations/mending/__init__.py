"""What puts right what a crash or a bad image left."""
