-- For the pages of the dashboard.

-- Tasks whose time is to come, soonest first.
create index tasks_scheduled on darkroom.tasks (eta, id) where state = 'PENDING' and eta is not null;
