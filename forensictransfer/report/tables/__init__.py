"""Results as tables: text, Markdown, CSV, LaTeX."""
