"""What the routes need."""
