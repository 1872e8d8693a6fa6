#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# What auth keeps in the database is of no use to who reads it: no password, no
# token, nothing a token could be made of without our keys.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Mongo;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $m = Guerdon::Mongo->new($g);
my $user = $g->new_user('USER', email => 'Plain@Example.org');
my ($first) = $user->{refresh};
my $res = $g->call(POST => '/v1/auth/refresh', json => {refreshToken => $first});
my $second = $res->get('refreshToken');

my ($doc) = $m->find('users', [_id => $user->{userId}]);
is($doc->{email}, 'Plain@Example.org', 'the email as typed');
is($doc->{emailKey}, 'plain@example.org', '... and its key');
like($doc->{passwordHash}, qr/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/,
    'the password is hashed by argon2id');
isnt($doc->{passwordHash}, ($m->find('users', [_id =>
    $g->new_user->{userId}]))[0]{passwordHash},
    '... the same password not twice the same');
my ($taken) = $m->find('emails', [_id => 'plain@example.org']);
is($taken->{userId}, $user->{userId}, 'the address is taken by its key');
my ($sid) = split /\./, $first;
my ($session) = $m->find('sessions', [_id => $sid]);
is($session->{generation}, 2, 'a session knows how often it was refreshed');
is(length $session->{seed}, 32, '... and its seed');
is($session->{userId}, $user->{userId}, '... and whose it is');

# What the client alone has of a refresh token is a MAC under our key.
cmp_ok(8 * length Guerdon::Stack::from_base64url((split /\./, $second)[2]), '>=',
    128, 'a refresh token has 128 bits of secret or more');

# Every byte of these collections, and what must not be in it.
sub flat {
	my ($d) = @_;
	return ref $d eq 'HASH' ? map { ($_, flat($d->{$_})) } keys %$d :
	    ref $d eq 'ARRAY' ? map { flat($_) } @$d : $d // ();
}
my $all = join "\0", map { flat($_) } map { $m->find($_, []) }
    qw(users emails sessions revocations);
for my $case (['the password', $user->{password}],
    ['an access token', $user->{token}],
    ['its signature', (split /\./, $user->{token})[2]],
    ['a refresh token', $second], ['its MAC', (split /\./, $second)[2]],
    ['the MAC in bytes', Guerdon::Stack::from_base64url(
    (split /\./, $second)[2])], ['a used one', (split /\./, $first)[2]],
    ['the token key', $g->token_key],
    ['the token key in hex', unpack 'H*', $g->token_key],
    ['the node key', $g->node_key],
    ["the service's secret", $g->{demo}{SERVICE_SECRET}]) {
	ok(index($all, $case->[1]) < 0, "the database does not hold $case->[0]");
}

# A session that is ended stays as a mark, not as a way in.
is_status($g->call(POST => '/v1/auth/logout', as => $res->get('accessToken')),
    204, 'logged out');
($session) = $m->find('sessions', [_id => $sid]);
ok($session->{revokedAt}, 'the session says when');

done_testing;
