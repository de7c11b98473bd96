# Included by the Makefiles of layers.
UV ?= uv
LAYER_PYTHON ?= 3.13

# Compiled here, as a function cannot write what it compiles and would do so at every cold start. It takes
# the Python that runs them; without one here they start half a second later. Hashes instead of times,
# which archives change, so that the same packages are the same layer.
COMPILE = if python="$$(UV_PYTHON_DOWNLOADS=never $(UV) python find --no-project $(LAYER_PYTHON) 2>/dev/null)"; then \
		"$$python" -m compileall -q --invalidation-mode unchecked-hash \
			-s "$(ARTIFACTS_DIR)" -p /opt "$(ARTIFACTS_DIR)"; \
	else echo "There is no Python $(LAYER_PYTHON) here: the layer is not compiled, and starts slower." >&2; fi
