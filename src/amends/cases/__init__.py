"""What is done about findings: one case an order's trouble, graded, gathered into incidents, carried to its end."""
