"""Setting a shop up: one walk through what it sells, item by item."""
