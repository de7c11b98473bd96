# ministackorg/ministack, of its package.
FROM python:3.13-slim-trixie
ARG VERSION
RUN pip install --no-cache-dir --quiet uv \
    && uv pip install --system --break-system-packages --quiet --no-cache "ministack[full]==$VERSION" \
    && useradd --create-home ministack \
    && for folder in /tmp/ministack-data /tmp/ministack-data/state /tmp/ministack-data/s3; do \
        install --directory --owner ministack "$folder"; \
    done
EXPOSE 4566
CMD ["ministack"]
