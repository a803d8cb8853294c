"""What a net costs and sees."""
