"""From a picture to a priced outcome, its confirmation, and the history of both."""
