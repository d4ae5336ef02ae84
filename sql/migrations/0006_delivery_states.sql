-- A value of an enum can be used only after the transaction that adds it. Their order means nothing.
-- squawk-ignore-file require-enum-value-ordering
alter type leadgen.delivery_status add value 'parked';
alter type leadgen.delivery_status add value 'sent';
