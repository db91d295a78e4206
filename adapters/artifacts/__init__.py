"""Artifacts as JSON documents; `codec` implements `ports.artifacts.ArtifactCodec`."""
