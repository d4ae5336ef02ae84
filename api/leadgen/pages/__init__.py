"""The shell of our pages: layout, sign-in, forms, errors. The console stands on it.

A page is a handler that admits a visitor, asks the database once or twice, and shows a template. No rule is here, and
no SQL but calls of the façade. Everything works without JavaScript; htmx only saves a page load where that helps.
"""
