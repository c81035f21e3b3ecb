-- Distinct persons per joining year, 2015 to 2020.
select year(date_joined) as join_year, count(distinct (user_name, age, date_joined)) as number_users_joined
from "user"
where year(date_joined) between 2015 and 2020
group by year(date_joined)
order by join_year
