"""The report for people: one HTML file with pictures, made from outcomes on labelled photos."""
