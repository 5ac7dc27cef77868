"""Model pipelines, one file each. A file declares ``PIPELINES``; nothing else registers it."""
