-- Sales that lapsed, or whose lead was erased, get a state of their own. 0023 uses the values: that takes another
-- transaction.
alter type leadgen.assignment_outcome add value 'lapsed' after 'returned';
alter type leadgen.assignment_outcome add value 'erased' after 'unknown';
