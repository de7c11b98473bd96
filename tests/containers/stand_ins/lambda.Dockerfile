# public.ecr.aws/lambda/python:3.13: AWS's runtime client, without the emulator of its interface.
FROM python:3.13-slim-trixie
RUN pip install --no-cache-dir --quiet --target /var/runtime awslambdaric boto3 \
    && groupadd --gid 993 sbx \
    && useradd --uid 990 --gid 993 --create-home sbx_user1051 \
    && mkdir -p /var/task /opt /var/rapid
COPY bootstrap /var/runtime/bootstrap
ENV LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime PYTHONPATH=
WORKDIR /var/task
ENTRYPOINT ["/var/runtime/bootstrap"]
