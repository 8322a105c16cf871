"""What Opost is measured against: other ways to do the same, each in tables of its own."""
