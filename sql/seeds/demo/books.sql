-- Who sends invoices.
update leadgen.billing_settings
set
  company = 'Hometown Leads Inc.',
  address = E'100 Congress Avenue\nAustin, TX 78701\nUnited States',
  email = 'billing@hometownleads.example',
  phone = '+1 512 555 0100',
  payment_instructions = 'By bank transfer to account 0123456789, routing number 111000025.';
