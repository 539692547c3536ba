-- $1: how many rows; $2: the day of the reset. There are at least 50 vehicles and 40 drivers.
insert into fuel_transactions (id, vehicle_id, driver_id, filled_at, litres, price_cents, station, updated_at)
select
    n,
    1 + (n - 1) % 50,
    1 + (n - 1) % 40,
    $2::date - (1 + n / 8 % 120)::int + make_interval(hours => (6 + n % 14)::int, mins => (n * 13 % 60)::int),
    20 + (n * 379 % 9000) / 100.0,
    (3100 + n * 271 % 15000)::int,
    (array['Shell New York Ave', 'Sunoco I-95', 'Exxon Bladensburg', 'BP Georgia Ave'])[1 + n % 4],
    $2::date - (1 + n / 8 % 120)::int
from generate_series(1, $1::bigint) as n
