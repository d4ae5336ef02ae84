-- Why a buyer may return a lead. Only what is missing is added: rows of an installation's own, and what it says of these, stay.
-- rejected_on_delivery is not for people to choose: it is what a webhook's reply says that names no other reason.
insert into leadgen.return_reasons (code, position, description, is_active)
values
  ('wrong_number', 10, 'The phone number is wrong or out of service', true),
  ('invalid_phone', 12, 'The phone number is none that there can be', true),
  ('wrong_line_type', 14, 'The phone number is of another type than was bought', true),
  ('unreachable', 20, 'The person never answers', true),
  ('duplicate', 30, 'We already have this person', true),
  ('out_of_area', 40, 'The place is outside our area', true),
  ('wrong_service', 50, 'The person needs another service', true),
  ('not_interested', 60, 'The person did not ask for it or no longer wants it', true),
  ('spam', 70, 'It is no real request', true),
  ('no_consent', 80, 'The person did not agree to be contacted', true),
  ('other', 90, 'Something else', true),
  ('rejected_on_delivery', 100, 'The buyer''s system refused it', false)
on conflict (code) do nothing;
