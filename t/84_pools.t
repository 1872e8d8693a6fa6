#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# A pool is away, or hangs: 503 in time, never 401 for want of an answer, and
# what doesn't need it goes on.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 2);
my $token = $g->token('USER');
my $event = $g->new_event;
$g->token($_) for qw(OPERATOR AUDITOR ADMIN);

sub away {
	my ($name, @call) = @_;
	my $res = $g->call(@call);

	is_problem($res, 503, 'SERVICE_UNAVAILABLE', $name);
	cmp_ok($res->seconds, '<', 2.2, sprintf '... after %.2f s', $res->seconds);
}

sub well { is_status($g->call(@_[1 .. $#_]), 200, $_[0]) }

my @login = (POST => '/v1/auth/login', json => {map { $_ =>
    $g->person('USER')->{$_} } qw(email password)});

# auth
$g->stop_pool('auth');
away('no auth: a good token', GET => '/v1/events', as => 'USER');
away('no auth: a bad token', GET => '/v1/events', as => 'x.y.z');
away('no auth: a claim', POST => "/v1/events/$event->{eventId}/claims",
    as => 'USER');
away('no auth: a login', @login);
away('no auth: who am I', GET => '/v1/users/me', as => 'USER');
is_problem($g->call(GET => '/v1/events'), 401, 'UNAUTHENTICATED',
    'no auth: without a token it is 401 as ever');
is_problem($g->call(GET => '/v1/nothing'), 404, 'NOT_FOUND',
    'no auth: 404 as ever');
well('no auth: the document', GET => '/v1/openapi.json');
well('no auth: the event port', GET => '/v1/events', on => 'event', basic => 1);
is_problem($g->call(GET => '/v1/users', on => 'auth', basic => 1), 503,
    'SERVICE_UNAVAILABLE', 'no auth: its own port', front => 1);
$g->start_pool('auth');
well('auth is back', GET => '/v1/users/me', as => 'USER');

# event
$g->stop_pool('event');
away('no event: a list', GET => '/v1/events', as => 'USER');
away('no event: a claim', POST => "/v1/events/$event->{eventId}/claims",
    as => 'USER');
well('no event: who am I', GET => '/v1/users/me', as => 'USER');
well('no event: a login', @login);
is_problem($g->call(GET => '/v1/events', as => 'x.y.z'), 401, 'INVALID_TOKEN',
    'no event: a bad token is known as one');
is_problem($g->call(GET => '/v1/audit', as => 'USER'), 403,
    'INSUFFICIENT_ROLE', 'no event: a role is known');
$g->start_pool('event');
well('event is back', GET => '/v1/events', as => 'USER');
is_status($g->claim($event, 'USER'), 201, '... and grants');

# gw
$g->stop_pool('gw');
is_problem($g->call(GET => '/v1/events', as => 'USER'), 503,
    'SERVICE_UNAVAILABLE', 'no gateway', front => 1);
is($g->call(GET => '/healthz', on => 'ops')->status, 503,
    'no gateway: /healthz says so');
well('no gateway: the pages', GET => '/swagger/');
$g->start_pool('gw');
well('the gateway is back', GET => '/v1/events', as => 'USER');

# A pool that hangs: stopped by a signal, its socket still takes connections.
for my $case (['auth', GET => '/v1/users/me', as => 'USER'],
    ['event', GET => '/v1/events', as => 'USER']) {
	my ($pool, @call) = @$case;
	my @pids = $g->workers($pool);

	kill STOP => @pids;
	my @answers = http_all(map { $g->request(@call) } 1 .. 2);
	is(join(' ', map { $_->brief } @answers),
	    join(' ', ('503 SERVICE_UNAVAILABLE') x 2), "$pool hangs: 503");
	cmp_ok($_->seconds, '<', 2.3, sprintf '... after %.2f s', $_->seconds)
	    for @answers;
	my $ready = $g->call(GET => '/readyz', on => 'ops', timeout => 6);
	is_problem($ready, 503, 'SERVICE_UNAVAILABLE', '... /readyz is 503');
	like(join(' ', @{$ready->get('failed') // []}), qr/$pool/,
	    '... and names it');
	cmp_ok($ready->seconds, '<', 2.3, sprintf '... after %.2f s',
	    $ready->seconds);
	kill CONT => @pids;
	ok($g->wait_for(sub { $g->call(@call)->status == 200 }, 3),
	    "$pool goes on");
	my @bad = grep { $_->status != 200 }
	    map { $g->call(@call) } 1 .. 20;
	is(scalar @bad, 0, '... and answers each its own') or
	    diag(map { $_->brief . "\n" } @bad);
}

done_testing;
