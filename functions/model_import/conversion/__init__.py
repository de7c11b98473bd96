"""From a downloaded model to a package, in a process of its own: what a stranger made is loaded
here, with no credentials in reach, limited memory, and nothing but this model to lose."""
