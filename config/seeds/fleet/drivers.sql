-- $1: how many rows; $2: the day of the reset.
insert into drivers (id, tenant_id, name, licence, licence_until, updated_at)
select
    n,
    1 + (n - 1) % 4,
    (array['Morgan', 'Noel', 'Oakley', 'Parker', 'Quinn', 'Riley', 'Sage', 'Taylor', 'Umber', 'Vesper', 'Wren'])[1 + n * 7 % 11] || ' '
        || (array['Hughes', 'Ingram', 'Jensen', 'Keller', 'Lopez', 'Miller', 'Nguyen', 'Ortiz', 'Price'])[1 + n * 5 % 9],
    'D' || lpad((100000 + n * 7919 % 900000)::text, 6, '0') || lpad(n::text, 7, '0'),
    -- One in twenty is about to end.
    $2::date + case when n % 20 = 0 then 14 else (90 + n * 37 % 1200)::int end,
    $2::date - 10
from generate_series(1, $1::bigint) as n
