-- Who buys: 24 companies. Without webhook_url a buyer reads email; webhook secrets are made by trigger.
-- Invoiced buyers have a credit limit, prepaid ones a balance.
insert into leadgen.buyers (name, company, email, phone, webhook_url, email_notifications, balance, credit_limit)
values
  ('Lone Star Plumbing', 'Lone Star Plumbing LLC', 'dispatch@lonestarplumbing.example', '+15125550001', 'https://hooks.lonestarplumbing.example/leads', true, 0, 5000),
  ('South Congress Plumbing', 'South Congress Plumbing & Drain Inc', 'office@soconplumbing.example', '+15125550002', 'https://soconplumbing.example/api/leads', true, 0, 5000),
  ('Hill Country Rooter', 'Hill Country Rooter LLC', 'leads@hillcountryrooter.example', '+15125550003', null, true, 1500, null),
  ('Barton Creek Plumbing', 'Barton Creek Plumbing Co', 'hello@bartoncreekplumbing.example', '+15125550004', 'https://bartoncreekplumbing.example/webhook', false, 0, 3000),
  ('Capital Drain Co', 'Capital Drain Company', 'jobs@capitaldrain.example', '+15125550005', 'https://capitaldrain.example/leads', true, 35, null),
  ('Bluebonnet Home Services', 'Bluebonnet Home Services Inc', 'intake@bluebonnethome.example', '+15125550006', 'https://crm.bluebonnethome.example/hooks/leads', false, 0, 20000),
  ('Travis Heating & Air', 'Travis Heating and Air LLC', 'service@travisair.example', '+17375550007', 'https://travisair.example/leads', true, 0, 5000),
  ('Live Oak Roofing', 'Live Oak Roofing Co', 'sales@liveoakroofing.example', '+17375550008', 'https://liveoakroofing.example/in', true, 0, 8000),
  ('Pedernales Roof & Gutter', 'Pedernales Roof & Gutter LLC', 'roofs@pedernales.example', '+17375550009', null, true, 2500, null),
  ('Bayshore Plumbing', 'Bayshore Plumbing of Tampa Inc', 'dispatch@bayshoreplumbing.example', '+18135550010', 'https://bayshoreplumbing.example/leads', true, 0, 5000),
  ('Gulf Coast Home Services', 'Gulf Coast Home Services LLC', 'ops@gulfcoasthome.example', '+18135550011', 'https://api.gulfcoasthome.example/v1/leads', true, 0, 10000),
  ('Ybor City Plumbing', 'Ybor City Plumbing Co', 'office@yborplumbing.example', '+18135550012', null, true, 1200, null),
  ('Suncoast Roofing', 'Suncoast Roofing & Sheet Metal Inc', 'leads@suncoastroofing.example', '+18135550013', 'https://hooks.suncoastroofing.example/leads', false, 0, 8000),
  ('Hillsborough Roof Pros', 'Hillsborough Roof Pros LLC', 'estimates@hillsroofpros.example', '+18135550014', 'https://hillsroofpros.example/webhooks/leads', true, 0, 8000),
  ('Palmetto Storm Restoration', 'Palmetto Storm Restoration Inc', 'claims@palmettostorm.example', '+16565550015', 'https://palmettostorm.example/leads', true, 0, 8000),
  ('Seminole Heights Roofing', 'Seminole Heights Roofing Co', 'hello@shroofing.example', '+16565550016', null, true, 3000, null),
  ('Tampa Bay Air', 'Tampa Bay Air Conditioning Inc', 'dispatch@tampabayair.example', '+18135550017', 'https://tampabayair.example/leads', true, 0, 5000),
  ('Mile High Home Services', 'Mile High Home Services LLC', 'intake@milehighhome.example', '+13035550018', 'https://crm.milehighhome.example/leads', true, 0, 15000),
  ('Front Range Drain', 'Front Range Drain & Sewer Inc', 'office@frontrangedrain.example', '+13035550019', 'https://frontrangedrain.example/leads', true, 0, 5000),
  ('Arvada Plumbing Co', 'Arvada Plumbing Company', 'jobs@arvadaplumbing.example', '+13035550020', 'https://arvadaplumbing.example/in', false, 0, 5000),
  ('Rocky Mountain Roofing', 'Rocky Mountain Roofing & Solar Inc', 'leads@rmroofing.example', '+17205550021', 'https://rmroofing.example/hooks/leads', true, 0, 12000),
  ('Cherry Creek Exteriors', 'Cherry Creek Exteriors LLC', 'sales@cherrycreekexteriors.example', '+17205550022', null, true, 4000, null),
  ('Colfax Comfort', 'Colfax Comfort Heating Co', 'service@colfaxcomfort.example', '+17205550023', 'https://colfaxcomfort.example/leads', true, 0, 5000),
  ('Foothills Furnace', 'Foothills Furnace & Boiler Inc', 'office@foothillsfurnace.example', '+17205550024', 'https://foothillsfurnace.example/leads', true, 0, 3000);
