"""BlazeFace, the face detector: 230 kB that are fetched once, because the mediapipe we run on no longer carries them.

Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", arXiv:1907.05047. Apache-2.0. The
file comes out of an older mediapipe wheel, fetched with pip from wherever pip is set up to look.
`python -m model.blazeface` puts it in place and says so.
"""

import sys
from typing import Final

from lera.errors import LeraError
from model.package_file import PackageFile

DETECTOR: Final = PackageFile(
    what="The face detector",
    requirement="mediapipe==0.10.21",
    member="mediapipe/modules/face_detection/face_detection_short_range.tflite",
    sha256="bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
)


def main() -> int:
    """Puts the detector in place; one line either way."""
    there = DETECTOR.there
    try:
        path = DETECTOR.ensure()
    except LeraError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{DETECTOR.what} {'is in place' if there else 'was downloaded'}: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
