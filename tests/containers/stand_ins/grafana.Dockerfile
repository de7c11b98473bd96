# grafana/grafana: answers its health check only, so that whoever waits for it goes on.
FROM python:3.13-slim-trixie
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends wget >/dev/null \
    && rm -rf /var/lib/apt/lists/*
RUN mkdir -p /srv/api && printf '{"database": "ok"}' >/srv/api/health
CMD ["python", "-m", "http.server", "3000", "--directory", "/srv"]
