#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# A token that has really expired, where tokens live for a second: it is
# refused, its session is not, and a refresh gives a good one.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new(conf => {access_token_ttl => 1});
my $user = $g->new_user;
my $begun = time;
my $me = sub { $g->call(GET => '/v1/users/me', as => $user) };

is_status($me->(), 200, 'a fresh token is good');
my ($claims) = map { $Guerdon::Stack::json->decode(
    Guerdon::Stack::from_base64url($_)) } (split /\./, $user->{token})[1];
is($claims->{exp} - $claims->{iat}, 1, '... and lives for a second');
my $res;
ok($g->wait_for(sub { ($res = $me->())->status != 200 }, 10), 'it expires');
cmp_ok(time, '>', $claims->{exp}, '... not before its time');
cmp_ok(time - $begun, '<', 9, '... and soon after it');
is_problem($res, 401, 'INVALID_TOKEN', '... with 401');
like($res->header('WWW-Authenticate'), qr/error="invalid_token"/,
    '... and the reason');
is_status($g->call(POST => '/v1/auth/logout', as => $user), 401,
    'it can not even log out');

$res = $g->call(POST => '/v1/auth/refresh',
    json => {refreshToken => $user->{refresh}});
is_status($res, 200, 'the session still refreshes');
is($res->get('expiresIn'), 1, '... for a second');
$user->{token} = $res->get('accessToken');
is_status($me->(), 200, '... to a good token');

done_testing;
