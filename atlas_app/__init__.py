"""Dash app over an atlas store: browse it, download from it, map a query onto it."""
