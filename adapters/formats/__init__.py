"""Annotation formats, to and from bytes."""
