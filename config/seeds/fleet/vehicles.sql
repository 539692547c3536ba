-- $1: how many rows; $2: the day of the reset. There are at least 40 drivers.
insert into vehicles (id, tenant_id, driver_id, plate, make, model, year, odometer_km, status, updated_at)
select
    n,
    1 + (n - 1) % 4,
    -- Of the same tenant, and one in six has none.
    case when n % 6 = 0 then null else 1 + (n - 1) % 40 end,
    'DC ' || lpad(n::text, 7, '0'),
    (array['Ford', 'Freightliner', 'Mercedes-Benz', 'Isuzu', 'Ram'])[1 + n % 5],
    (array['Transit', 'M2 106', 'Sprinter', 'NPR', 'ProMaster'])[1 + n % 5],
    extract(year from $2::date)::int - (n % 9)::int,
    (4000 + n * 7717 % 210000)::int,
    case when n % 17 = 0 then 'retired' when n % 9 = 0 then 'in workshop' else 'active' end,
    $2::date - (n % 14)::int
from generate_series(1, $1::bigint) as n
