-- $1: how many rows; $2: the day of the reset. There are at least 50 vehicles and 10 users.
insert into work_orders (id, vehicle_id, opened_by, title, priority, status, due_on, updated_at)
select
    n,
    1 + n * 3 % 50,
    1 + n % 10,
    (array['Replace brake pads', 'Check engine light', 'Windshield chip', 'Lift gate sticks', 'Annual inspection', 'Tyre pressure warning'])[1 + n % 6],
    (array['normal', 'low', 'high', 'normal', 'urgent'])[1 + n % 5],
    (array['open', 'in progress', 'done', 'waiting for parts', 'done'])[1 + n * 2 % 5],
    -- Some are late, and most are not due yet.
    $2::date - 6 + (n % 25)::int,
    $2::date - (n % 7)::int
from generate_series(1, $1::bigint) as n
