-- How many payments are of each class, and how much KP3R did they pay?
-- columns: class, payments, paid_kp3r
select class, count(*) as payments,
    sum(payment) filter (class not in ('token', 'eth')) as paid_kp3r
from works group by class order by payments desc, class;
