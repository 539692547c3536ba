-- $1: how many rows; $2: the day of the reset.
insert into tenants (id, name, city, plan, created_at, updated_at)
select
    n,
    (array['Capital Couriers', 'Harbor Logistics', 'Northside Transit', 'Green Valley Foods'])[1 + (n - 1) % 4] || case when n > 4 then ' ' || n else '' end,
    (array['Washington', 'Baltimore', 'Philadelphia', 'Richmond'])[1 + (n - 1) % 4],
    (array['enterprise', 'fleet', 'fleet', 'basic'])[1 + (n - 1) % 4],
    $2::date - 400 + n::int,
    $2::date - 30
from generate_series(1, $1::bigint) as n
