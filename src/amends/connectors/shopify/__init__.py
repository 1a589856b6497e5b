"""Shopify: orders, money, parcels, stock and returns."""
