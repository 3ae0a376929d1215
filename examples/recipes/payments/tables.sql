create table accounts (account text primary key, cents integer not null check (cents >= 0));

create table payments (
  number   text primary key default 'PAY-' || gen_random_uuid(),
  order_id text not null unique,
  account  text not null references accounts,
  cents    integer not null
);
