"""The console: pages for those who run the market. They stand on leadgen.pages."""
