"""The contestants: each reads the same events, and says what it found and what that took."""
