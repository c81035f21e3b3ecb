-- The three tables as the source database holds them (data.md, "Three tables"), datetimes in UTC.
create table pinterest_data (
    "index" integer, unique_id varchar, title varchar, description varchar, poster_name varchar,
    follower_count varchar, tag_list varchar, is_image_or_video varchar, image_src varchar,
    downloaded integer, save_location varchar, category varchar
);
create table geolocation_data (
    ind integer, "timestamp" timestamp, latitude double, longitude double, country varchar
);
create table user_data (
    ind integer, first_name varchar, last_name varchar, age integer, date_joined timestamp
);
