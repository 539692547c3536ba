-- $1: how many rows; $2: the day of the reset. Nobody can sign in before the reset has made passwords.
insert into users (id, tenant_id, email, name, role, created_at, updated_at)
select
    n,
    1 + (n - 1) % 4,
    (array['admin', 'manager', 'mechanic', 'viewer'])[1 + (n - 1) / 4 % 4] || n || '@demofleet.example',
    (array['Alex', 'Blair', 'Casey', 'Drew', 'Emery', 'Finley', 'Gray', 'Harper', 'Indigo', 'Jules'])[1 + (n - 1) % 10] || ' '
        || (array['Adams', 'Baker', 'Carter', 'Diaz', 'Evans', 'Foster', 'Garcia'])[1 + n * 3 % 7],
    (array['admin', 'manager', 'mechanic', 'viewer'])[1 + (n - 1) / 4 % 4],
    $2::date - 300 + (n % 200)::int,
    $2::date - 20
from generate_series(1, $1::bigint) as n
