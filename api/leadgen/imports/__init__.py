"""Files of leads, as spreadsheets write them, read and handed in row by row: `leadgen import`."""
