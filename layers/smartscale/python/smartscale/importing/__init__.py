"""What can be said of a model repository without loading its model: which files are needed, its
labels and preprocessing, and what must not be loaded at all.

Knows the domain and what a package is; nothing of TensorFlow, the hub or AWS.
"""
