"""The atlases of one app: opened, described, estimated."""
