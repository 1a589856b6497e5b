"""The operator's side: the board, cases, incidents, orders, deliveries, rules."""
