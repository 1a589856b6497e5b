"""The words that buyers read: what a playbook tells or asks, in the buyer's language."""
