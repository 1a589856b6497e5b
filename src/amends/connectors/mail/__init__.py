"""E-mail: letters that leave, and what comes back."""
