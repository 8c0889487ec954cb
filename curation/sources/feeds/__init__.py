"""Feeds that shops send: Shopify's product export, Google's Merchant Center."""
