-- Median followers per joining year, 2015 to 2020, per person; a year without any known followers has no row.
select year(date_joined) as join_year, median(follower_count) as median_follower_count
from person
where year(date_joined) between 2015 and 2020 and follower_count is not null
group by year(date_joined)
order by join_year
