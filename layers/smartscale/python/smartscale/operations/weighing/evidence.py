"""The picture that a weighing is judged by: nobody replaces it, and it holds nothing but pixels.

The upload function stores such pictures. What a presigned form posts, or anybody drops into the
bucket, may hold EXIF and may be written anew: a form allows that for five minutes. So a worker
first moves it to where only workers write, and recognises it from there.
"""

from smartscale.domain.errors import NotFound
from smartscale.domain.upload import ACCEPTED_AT, EVIDENCE, StoredUpload, upload_key
from smartscale.operations.messages import Arrival
from smartscale.operations.ports.uploads import Uploads
from smartscale.recognition.photo import ImageError, says_nothing_else, without_metadata


def read_evidence(uploads: Uploads, arrival: Arrival) -> tuple[StoredUpload, bytes]:
    """What arrived, after it was moved if others put it there.

    A file that is no picture stays as it came: it fails, is shown to nobody, and expires.

    Raises:
        NotFound: there is no such image, and it was not moved.
    """
    try:
        upload, image = uploads.read(arrival.key)
    except NotFound:
        moved = uploads.moved(arrival.key, arrival.etag)
        if moved is None:
            raise
        return uploads.read(moved)
    try:
        if arrival.key.startswith(EVIDENCE) or (
            arrival.key == upload_key(upload.job_id) and says_nothing_else(image)
        ):
            return upload, image
        picture = without_metadata(image)
    except ImageError:
        return upload, image
    accepted = {ACCEPTED_AT: (arrival.at or upload.stored_at).isoformat()}
    said = {
        name: value.encode("ascii", "replace").decode() for name, value in upload.metadata.items()
    }
    return uploads.read(uploads.move(upload, picture.data, picture.media_type, said | accepted))
