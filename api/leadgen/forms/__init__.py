"""The public form of a source: a page for visitors, who sign in nowhere. It is rendered from the offer's own rules."""
