"""The elements of ``wsse:Security``: one file each, writing and reading side by side."""
