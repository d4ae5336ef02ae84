-- A value of an enum can be used only after the transaction that adds it.
alter type leadgen.delivery_status add value 'parked';
alter type leadgen.delivery_status add value 'sent';
