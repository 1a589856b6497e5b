"""What machines call: webhooks and health."""
