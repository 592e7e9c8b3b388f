-- Who added most.
select who, events, added from callers order by added desc, who;
