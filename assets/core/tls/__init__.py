"""HTTPS without anybody's help: the office's own authority, the server's certificate, or files that were given."""
