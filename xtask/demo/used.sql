-- What testers have left in Fleet Management's staging since the last reset: applied by the demo, never by Quarterdeck.

insert into users (tenant_id, email, name, role)
values (2, 'qa.import@demofleet.example', 'QA Import', 'manager');

insert into vehicles (tenant_id, driver_id, plate, make, model, year, odometer_km, status)
select 1 + n % 4, case when n % 3 = 0 then null else 1 + n % 40 end, 'QA ' || lpad(n::text, 7, '0'), 'Rivian', 'EDV 700', 2026, n * 83, 'active'
from generate_series(1, 23) as n;

insert into work_orders (vehicle_id, opened_by, title, priority, status, due_on)
select 1 + n * 7 % 100, 1 + n % 10, 'QA: order ' || n, (array['low', 'normal', 'urgent'])[1 + n % 3], 'open', current_date + n
from generate_series(1, 31) as n;

insert into fuel_transactions (vehicle_id, driver_id, filled_at, litres, price_cents, station)
select 1 + n * 3 % 100, 1 + n % 40, now() - make_interval(mins => n * 11), 15 + n, 2500 + n * 90, 'QA Depot'
from generate_series(1, 46) as n;

-- The seed's own that are missing now.
delete from fuel_transactions where id in (select n * 37 from generate_series(1, 13) as n);

-- Three are signed in, two were.
insert into sessions (user_email, expires_at)
values
    ('admin1@demofleet.example', now() + interval '8 hours'),
    ('manager5@demofleet.example', now() + interval '8 hours'),
    ('qa.import@demofleet.example', now() + interval '30 days'),
    ('mechanic9@demofleet.example', now() - interval '2 hours'),
    ('manager6@demofleet.example', now() - interval '5 days');
