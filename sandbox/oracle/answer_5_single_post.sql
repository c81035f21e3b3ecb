-- Question 5 for the persons with exactly one post.
with single as (
    select age, max(follower_count) as followers from post group by user_name, age, date_joined having count(*) = 1
)
select age_group(age) as age_group, median(followers) as median_follower_count
from single
where age_group(age) is not null and followers is not null
group by age_group(age)
order by age_group
