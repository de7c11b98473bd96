"""The price label: its barcode, its text, its picture, and the printer."""
