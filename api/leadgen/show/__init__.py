"""What commands and the demo print: accounts of leads, and the console that they go to."""
