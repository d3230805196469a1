"""The tissue image of a slice as it travels."""

from __future__ import annotations

import io

from atlas_app.http.errors import ApiError
from training.store import Atlas, tissue_images

# Stains have soft edges: more would be bytes that nobody sees under spots.
QUALITY = 85


def tissue_picture(atlas: Atlas, number: str) -> bytes:
    """JPEG of the image of the slice of this number; an ApiError (404) where there is none."""
    images = {str(image.slice): image for image in tissue_images(atlas)}
    if number not in images:
        raise ApiError(
            404,
            "No tissue image.",
            found=f"slice {number}",
            expected="the number of a slice that has an image",
            examples=list(images),
        )
    from PIL import Image

    body = io.BytesIO()
    Image.fromarray(images[number].pixels()).save(body, "JPEG", quality=QUALITY, optimize=True)
    return body.getvalue()
