#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# A hash with lower parameters than today's is made anew at a login, and at
# nothing else; one with higher parameters stays.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Mongo;
use Guerdon::Stack;

my $PASSWORD = 'correct horse battery';
my $TODAY = qr/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/;

# Hashes of it, by libsodium.
my %lower = (
    'a smaller memory' => '$argon2id$v=19$m=8192,t=1,p=1$rHx4mVzOrvBHKOh5Twq' .
	'b1g$ltVuFh6sXfGRYl1kkWto2cypeZd8/uYscil4eTCSUu4',
    'argon2i' => '$argon2i$v=19$m=8192,t=3,p=1$imHI8/4uCSKcYuLt3YrQ4Q$HTzuMF' .
	'VaQZHZRR9Vo5kWezVenM9u1zmYI0FoSwCWwG0',
);
my $higher = '$argon2id$v=19$m=20480,t=3,p=1$zh94XesYQI1kOnbQcwUuug$C+IECY7gi' .
    'kDTfpJ7303ckchy8CD0mpJ9OuselhkwVEg';

my $g = Guerdon::Stack->new;
my $m = Guerdon::Mongo->new($g);
my $user = $g->new_user('USER', password => $PASSWORD);

sub stored { return ($m->find('users', [_id => $user->{userId}]))[0]{passwordHash} }
sub store { $m->update('users', [_id => $user->{userId}],
    ['$set' => [passwordHash => $_[0]]]) == 1 or die 'no such user' }
sub login { return $g->request(POST => '/v1/auth/login', json =>
    {email => $user->{email}, password => $_[0] // $PASSWORD}) }
sub log_in { return (http_all(login(@_)))[0] }

like(stored(), $TODAY, "a new hash has today's parameters");
for my $what (sort keys %lower) {
	store($lower{$what});
	is_problem(log_in("$PASSWORD!"), 401, 'INVALID_CREDENTIALS',
	    "$what: a wrong password");
	is(stored(), $lower{$what}, '... changes nothing');
	is_status($g->call(GET => '/v1/users/me', as => $user), 200,
	    '... nor does a token');
	is(stored(), $lower{$what}, '... change anything');
	is_status(log_in(), 200, 'the right one logs in');
	like(stored(), $TODAY, '... and is hashed anew');
	my $new = stored();
	is_status(log_in(), 200, '... logs in with that');
	is(stored(), $new, '... which stays');
	is_problem(log_in("$PASSWORD!"), 401, 'INVALID_CREDENTIALS',
	    '... and takes no other');
}
store($higher);
is_status(log_in(), 200, 'higher parameters log in');
is(stored(), $higher, '... and stay');

# Logins at the same time: each finds the hash of another in its way.
for my $round (1 .. 5) {
	store($lower{'a smaller memory'});
	my @answers = http_all(map { login() } 1 .. 6);
	is(join(' ', map { $_->brief } @answers), join(' ', (200) x 6),
	    "round $round: six logins at once");
	like(stored(), $TODAY, '... make it anew');
}
is($m->count('users', [_id => $user->{userId}]), 1, 'it is one user still');
done_testing;
