"""The form in which annotations are imported into a hub, with ids for names (reference: V7 Darwin, section 10.5).

It says less than Darwin JSON. What is lost on the way there and back:

* frames of a video that are not keyframes, unless none is; `interpolate_algorithm`; `only_keyframes` becomes true;
* a polygon's stored bounding box: the smallest one takes its place;
* full names of authors, and who is an author of nothing (an empty list);
* in a video, whether a keyframe's attributes are missing or empty;
* the order of property values of different frames or names, and values that stand beside an empty one;
* item properties without a value, unknown fields, and shapes this library has no rules for.
"""

from __future__ import annotations

from .wire_decode import decode
from .wire_encode import Dropped, Encoded, Loss, encode
from .wire_parts import MAX_BODY, parts

__all__ = ["MAX_BODY", "Dropped", "Encoded", "Loss", "decode", "encode", "parts"]
