"""What LocalStack runs as it stops, by its initialization hooks.

LocalStack ends the containers of its functions, but gives them five seconds in all, and leaves
those that were being started. What is left would keep the network and the volume of the layers in
use, so that `docker compose down --volumes` could not remove them.
"""

from localstack.runtime.shutdown import ON_AFTER_SERVICE_SHUTDOWN_HANDLERS
from localstack.utils.container_networking import get_main_container_name
from localstack.utils.docker_utils import DOCKER_CLIENT


def remove_functions() -> None:
    """Remove every container of a function of this LocalStack's, which are named after it."""
    ours = f"{get_main_container_name()}-lambda-".replace("_", "-")
    for container in DOCKER_CLIENT.list_containers(all=True):
        if container["name"].startswith(ours):
            DOCKER_CLIENT.remove_container(container["id"], force=True)


ON_AFTER_SERVICE_SHUTDOWN_HANDLERS.register(remove_functions)
