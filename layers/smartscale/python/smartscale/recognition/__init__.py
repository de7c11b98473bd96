"""Recognition: from the bytes of a photo to a calibrated score for every label.

Needs NumPy, Pillow and LiteRT; knows nothing of TensorFlow, AWS or prices.
"""
