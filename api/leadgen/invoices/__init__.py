"""Invoices and credit notes as people get them: a page, a PDF, a table for accountants."""
