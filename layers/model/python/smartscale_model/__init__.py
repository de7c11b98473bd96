"""The built-in model package: data only. `smartscale.recognition.builtin` finds it here."""
