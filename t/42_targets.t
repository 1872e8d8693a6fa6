#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Request targets: one reading of each path, no parameter that is not known,
# nothing too long.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Contract;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $event = $g->new_event;

# What is dubious is refused, wherever it stands.
for my $bad ('%', '%4', '%zz', '%00', '%2F', '%2f', '%C0%AF', '%ff', '.',
    '..', '%2e', '%2E%2e', '%ED%A0%80') {
	my $res = $g->call(GET => "/v1/events/$bad", as => 'OPERATOR');
	is_status($res, 400, "/v1/events/$bad is 400");
}
is_problem($g->call(GET => '/v1/events/../users/me', as => 'USER'), 400,
    'MALFORMED_REQUEST', 'dot segments are not resolved');
is_status($g->call(GET => '/swagger/../v1/events', as => 'USER'), 400,
    '... neither behind the static pages');
is_problem($g->call(GET => '/v1/events?limit=%zz', as => 'USER'), 400,
    'MALFORMED_REQUEST', 'a bad escape in the query');
is_problem($g->call(GET => '/v1/events?limit=%00', as => 'USER'), 400,
    'MALFORMED_REQUEST', 'a NUL in the query');
is_problem($g->call(GET => '/v1/events?limit=1&limit=2', as => 'USER'), 400,
    'MALFORMED_REQUEST', 'a parameter that is given twice');
is_problem($g->call(GET => '/v1/events?limit=1&%6cimit=2', as => 'USER'), 400,
    'MALFORMED_REQUEST', '... also when it is spelled in two ways');
is_status($g->call(GET => '/v1/%65vents?%6cimit=1&', as => 'USER'), 200,
    'a plain escape means the letter');
is_status($g->call(GET => "/v1/events/$event->{eventId}?", as => 'USER'),
    200, 'an empty query');

# The pages are those of their folder and no others.
for my $bad ('/swagger/../../../../etc/passwd', '/swagger../../etc/passwd',
    '/swagger/%2e%2e/%2e%2e/%2e%2e/etc/passwd', '/swagger//etc/passwd',
    '/swagger/..%2f..%2f..%2fetc%2fpasswd', '/swagger/..%5c..%5cetc%5cpasswd',
    '/swagger/..;/..;/etc/passwd', '/swagger/%252e%252e/etc/passwd',
    '/swagger/%c0%ae%c0%ae/etc/passwd', '/swagger/index.html%00.js',
    '/swagger/index.html/x', '/swagger/.git/config', '/swagger/index.html~',
    'http://127.0.0.1/swagger/../../../../etc/passwd') {
	my $res = $g->call(GET => $bad);
	like($res->status, qr/^40[034]$/, "$bad is no page");
	is($res->header('Content-Type'), 'application/problem+json',
	    '... but a problem');
}

# Unknown parameters: every GET of the contracts, and a few others.
for my $op (grep { $_->{method} eq 'GET' } operations()) {
	my $path = $op->{path} =~ s/\{\w+\}/xx_00000000000000000000000000/gr;
	my %caller = $op->{public} ? (as => 'ADMIN') :
	    (on => $op->{service}, basic => 1);
	has_fault($g->call(GET => "$path?nonsense=1", %caller), '?nonsense',
	    "$op->{id}: an unknown parameter");
}
has_fault($g->call(POST => "/v1/events/$event->{eventId}/claims?x=1",
    as => 'USER'), '?x', 'a claim has no parameters');
has_fault($g->call(GET => '/v1/events?Limit=1', as => 'USER'), '?Limit',
    'names are case-sensitive');
is_deeply([faults($g->call(GET => '/v1/claims?limit=0&state=NO&from=x&y=1',
    as => 'ADMIN'))], ['?from WRONG_FORMAT', '?limit OUT_OF_RANGE',
    '?state NOT_IN_ENUM', '?y UNKNOWN_PARAMETER'], 'all faults at once');

# Too long.
my $long = 'x' x 9000;
my $res = $g->call(GET => "/v1/events?cursor=$long", as => 'USER');
ok($res->status == 414 || $res->status == 431, 'a long URI') or
    diag($res->brief);
is($res->header('Content-Type'), 'application/problem+json',
    '... is answered by a problem');
is_problem($g->call(GET => '/v1/events', as => 'USER',
    headers => ['X-Long', $long]), 431, 'HEADERS_TOO_LARGE', 'a long header',
    front => 1);
is_problem($g->call(GET => '/v1/events', as => 'USER',
    headers => [map { ("X-Many-$_", 'y' x 80) } 1 .. 100]), 431,
    'HEADERS_TOO_LARGE', 'many headers', front => 1);
has_fault($g->call(GET => '/v1/events?cursor=' . 'x' x 600, as => 'USER'),
    '?cursor', 'a long cursor');
is_problem($g->call(GET => '/v1/events/' . 'x' x 3000, as => 'USER'), 404,
    'NOT_FOUND', 'a long id is no id');
is_status($g->call(GET => '/v1/events?' . join('&', map { "a$_=1" } 1 .. 40),
    as => 'USER'), 400, 'many parameters');

# Another form of the request line.
is_status($g->call(GET => "http://127.0.0.1:$g->{port}{http}/v1/events",
    as => 'USER'), 200, 'the absolute form');

done_testing;
