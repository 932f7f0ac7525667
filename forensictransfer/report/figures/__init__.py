"""The figures of a sweep's page: small SVGs and tables that take their colours from the page's style sheet."""
