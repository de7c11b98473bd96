# localstack/localstack:4.14.0: LocalStack itself, of that day's packages. What its image gets from
# elsewhere is replaced: DynamoDB Local comes by npm, its agent does nothing (LocalStack's lifts a limit
# of indexes), and `lambda_init.py` is what runs a function in its container.
FROM python:3.13-slim-trixie
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends \
        curl gcc libpython3.13-dev openjdk-21-jdk-headless procps unzip zip >/dev/null \
    && rm -rf /var/lib/apt/lists/*
COPY localstack.txt /tmp/
RUN pip install --no-cache-dir --quiet uv \
    && uv venv --quiet --python python3.13 /opt/code/localstack/.venv \
    && VIRTUAL_ENV=/opt/code/localstack/.venv uv pip install --quiet --no-cache --no-deps \
        --requirement /tmp/localstack.txt
COPY dynamodb-local /usr/lib/localstack/dynamodb-local/2
COPY Nothing.java /tmp/
RUN cd /tmp && javac --release 11 Nothing.java && printf 'Premain-Class: Nothing\n' >manifest \
    && jar cfm /usr/lib/localstack/dynamodb-local/2/ddb-local-loader-0.1.jar manifest Nothing.class \
    && mkdir -p /usr/lib/localstack/java /var/lib/localstack \
    && for version in 11 21; do \
        ln -s "$(dirname "$(dirname "$(realpath "$(command -v java)")")")" /usr/lib/localstack/java/$version; \
    done
COPY lambda_init.py /usr/lib/localstack/lambda-runtime/v0.1.41-pre/x86_64/var/rapid/init
RUN chmod 755 /usr/lib/localstack/lambda-runtime/v0.1.41-pre/x86_64/var/rapid/init
ENV PATH=/opt/code/localstack/.venv/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin \
    GATEWAY_LISTEN=0.0.0.0:4566 \
    PYTHONUNBUFFERED=1 \
    DISABLE_EVENTS=1 \
    SKIP_SSL_CERT_DOWNLOAD=1
WORKDIR /opt/code/localstack
ENTRYPOINT ["localstack-supervisor"]
