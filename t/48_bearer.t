#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Bearer tokens on the public port: what is said to whom [RFC 6750].
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $token = $g->token('USER');

sub challenge { return $_[0]->header('WWW-Authenticate') // '' }
sub with { return $g->call(GET => '/v1/events', headers =>
    [map { ('Authorization', $_) } @_]) }

my $res = $g->call(GET => '/v1/events');
is_problem($res, 401, 'UNAUTHENTICATED', 'no credentials');
like(challenge($res), qr/^Bearer realm="[^"]+"$/, '... a challenge, no error');

for my $other ('Basic dTpw', "Basic $token", 'Digest x', $token, 'Bearer',
    "Token $token", "Bearer$token") {
	$res = with($other);
	is_status($res, 401, substr($other, 0, 12) . ': 401');
	unlike(challenge($res), qr/insufficient_scope/, '... says so');
}
$res = $g->call(GET => '/v1/events', basic => 1);
is_problem($res, 401, 'UNAUTHENTICATED', 'the service credential: 401 here');

for my $bad ('Bearer x', 'Bearer x.y.z', "Bearer ${token}x",
    "Bearer $token $token", "Bearer $token,", 'Bearer ' . 'x' x 6000,
    "Bearer \"$token\"", "Bearer $token;", 'Bearer %00',
    'Bearer ' . substr($token, 0, -1)) {
	$res = with($bad);
	is_problem($res, 401, 'INVALID_TOKEN', substr($bad, 0, 16) . ' ...');
	like(challenge($res), qr/^Bearer realm="[^"]+", error="invalid_token"/,
	    '... is an invalid_token');
}
$res = with("Bearer $token", "Bearer $token");
is_status($res, 401, 'two Authorization headers are refused');
is_status(with("Bearer $token"), 200, 'one is fine');
is_status(with("bearer $token"), 200, 'the scheme has no case');
is_status(with("BEARER  $token"), 200, '... and may be followed by spaces');

$res = $g->call(GET => '/v1/audit', as => 'USER');
is_problem($res, 403, 'INSUFFICIENT_ROLE', 'the role is missing');
like(challenge($res), qr/^Bearer realm="[^"]+", error="insufficient_scope"/,
    '... is an insufficient_scope');

# A token is nowhere but in its header.
is_status($g->call(GET => "/v1/events?access_token=$token"), 401,
    'a token in the query does not count');
is_status($g->call(POST => '/v1/auth/logout', type =>
    'application/x-www-form-urlencoded', body => "access_token=$token"), 401,
    'a token in a form does not count');
is_status($g->call(GET => '/v1/events', headers => ['Cookie',
    "access_token=$token; Authorization=Bearer $token"]), 401,
    'a cookie does not count');
is_status($g->call(GET => '/v1/events', headers => ['Proxy-Authorization',
    "Bearer $token"]), 401, 'nor another header');

# What is PUBLIC is served whatever is shown.
$res = $g->call(POST => '/v1/auth/login', as => 'x.y.z', json => {
    map { $_ => $g->person('USER')->{$_} } qw(email password)});
is_status($res, 200, 'a PUBLIC operation does not look at a token');
is($res->header('Cache-Control'), 'no-store', 'an answer with tokens: no-store');
$res = $g->call(POST => '/v1/auth/refresh',
    json => {refreshToken => $res->get('refreshToken')});
is($res->header('Cache-Control'), 'no-store', '... also of a refresh');

done_testing;
