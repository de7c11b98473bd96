# python:3.13-slim-trixie, made of Debian's own Python.
FROM smartscale/trixie
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
RUN for name in python python3 python3.13; do ln -s /usr/bin/python3.13 /usr/local/bin/$name; done \
    && rm -f /usr/lib/python3*/EXTERNALLY-MANAGED
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
    REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt
CMD ["python3"]
