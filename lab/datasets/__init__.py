"""Seeded data as plain arrays: generated, bundled with the libraries, or a person's own table."""
