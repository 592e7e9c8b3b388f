-- How many bonds there are of each status.
select status, count(*) as bonds from bonds group by status order by bonds desc, status;
