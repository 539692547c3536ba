-- $1: how many rows; $2: the day of the reset. There are at least 50 vehicles.
insert into maintenance_records (id, vehicle_id, kind, performed_on, odometer_km, cost_cents, updated_at)
select
    n,
    1 + (n - 1) % 50,
    (array['Oil change', 'Tyre rotation', 'Brake pads', 'State inspection', 'Battery', 'Air filter'])[1 + n * 5 % 6],
    $2::date - (1 + n * 11 % 540)::int,
    (2000 + n * 5197 % 180000)::int,
    (4500 + n * 3571 % 95000)::int,
    $2::date - (1 + n % 30)::int
from generate_series(1, $1::bigint) as n
