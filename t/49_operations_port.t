#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# The operations port: /healthz and /readyz without a credential, nothing else.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;

for my $path ('/healthz', '/readyz') {
	my $res = $g->call(GET => $path, on => 'ops');
	is_status($res, 200, $path);
	is($res->header('Content-Type'), 'application/json', '... is JSON');
	is($res->header('Cache-Control'), 'no-store', '... not to be kept');
	is($g->call(HEAD => $path, on => 'ops')->status, 200, '... HEAD too');
	is_problem($g->call(POST => $path, on => 'ops'), 405,
	    'METHOD_NOT_ALLOWED', '... not POST');
	is_status($g->call(OPTIONS => $path, on => 'ops'), 204, '... OPTIONS');
}
for my $path ('/', '/v1/events', '/v1/users', '/introspect',
    '/v1/openapi.json', '/healthz/', '/internal/health') {
	is_problem($g->call(GET => $path, on => 'ops', as => 'ADMIN'), 404,
	    'NOT_FOUND', "$path is not there");
}
is_problem($g->call(OPTIONS => '/v1/events', on => 'ops'), 404,
    'NOT_FOUND', '... not even for OPTIONS');

# A pool that is stopped is named, and nothing else fails.
$g->stop_pool('event');
ok($g->wait_for(sub { $g->call(GET => '/readyz', on => 'ops')->status == 503 },
    5), 'without the event pool /readyz is 503');
my $res = $g->call(GET => '/readyz', on => 'ops');
is_problem($res, 503, 'SERVICE_UNAVAILABLE', '... a problem');
is_deeply($res->get('failed'), ['event'], '... that names event alone');
is_status($g->call(GET => '/healthz', on => 'ops'), 200,
    '/healthz asks nobody');
$g->stop_pool('auth');
is_deeply([sort @{$g->call(GET => '/readyz', on => 'ops')->get('failed') //
    []}], [qw(auth database event)], 'with both away nobody could tell');
$g->start_pool($_) for qw(auth event);
ok($g->wait_for(sub { $g->ready }, 5), 'it is ready again with the pools');

done_testing;
