"""A small bookstore API."""
