#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# The database is stopped, in good order and as by a crash: 503 problem
# documents within 2 s, service again within 6 s of its return without a
# restart, and everything that was acknowledged is there.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep time);
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 2, devdb => 1);
my %token = map { $_ => $g->token($_) } qw(USER OPERATOR AUDITOR ADMIN);
my @users = map { $g->new_user } 1 .. 4;
my @pools = qw(gw auth event);
my %pids = map { $_ => join ' ', sort $g->workers($_) } @pools;

# What each kind of request is answered while the database is away.
my $event = $g->new_event;
my @requests = (
    [GET => '/v1/events', as => 'USER'],
    [GET => "/v1/events/$event->{eventId}", as => 'USER'],
    [GET => '/v1/users/me', as => 'USER'],
    [POST => '/v1/events', as => 'OPERATOR', json => {title => 'T',
	startsAt => '2020-01-01T00:00:00Z', endsAt => '2021-01-01T00:00:00Z'}],
    [POST => "/v1/events/$event->{eventId}/claims", as => $users[0]],
    [POST => '/v1/auth/login', json => {email => $users[0]{email},
	password => $users[0]{password}}],
    [POST => '/v1/users', json => {email => 'away@example.org',
	password => 'correct horse battery', name => 'N'}],
    [POST => '/v1/auth/refresh', json => {refreshToken =>
	$users[1]{refresh}}],
    [GET => '/v1/audit', on => 'event', basic => 1],
    [GET => '/v1/users', on => 'auth', basic => 1],
    [POST => '/introspect', on => 'auth', basic => 1, body =>
	"token=$token{USER}", type => 'application/x-www-form-urlencoded'],
    [GET => '/readyz', on => 'ops'],
);

for my $how ([], ['--kill']) {
	my $name = @$how ? 'killed' : 'stopped';
	my @events = map { $g->new_event } 1 .. 4;
	my @claims = map { my $e = $_; map { $g->claim($e, $_) } @users } @events;
	is(scalar(grep { $_->status == 201 } @claims), 16,
	    '16 claims just before');
	$g->stop_database(@$how);
	# What was checked up to 250 ms ago may still be believed.
	sleep 0.3;

	my $slow = 0;
	for my $request (@requests) {
		my $res = $g->call(@$request);
		is_problem($res, 503, 'SERVICE_UNAVAILABLE',
		    "$name: $request->[0] $request->[1]");
		like($res->header('Retry-After'), qr/^\d+$/, '... try again');
		cmp_ok($res->seconds, '<', 2.2, sprintf '... after %.1f s',
		    $res->seconds);
	}
	# Many at once: those too are answered in time.
	my @many = http_all(map { $g->request(GET => '/v1/events',
	    as => 'USER', timeout => 10) } 1 .. 2);
	is(scalar(grep { $_->status == 503 && $_->seconds < 2.3 } @many), 2,
	    '... two at once');
	is_problem($g->call(GET => '/v1/events'), 401, 'UNAUTHENTICATED',
	    'who shows nothing is still told so');
	is_problem($g->call(GET => '/v1/nothing'), 404, 'NOT_FOUND',
	    'what is not there is still not there');
	my $ready = $g->call(GET => '/readyz', on => 'ops');
	is_deeply($ready->get('failed'), ['database'], '/readyz names it');
	is_status($g->call(GET => '/healthz', on => 'ops'), 200,
	    '/healthz is well');

	$g->start_database;
	my $back = time;
	ok($g->wait_for(sub { $g->call(GET => '/v1/events', as => 'USER')
	    ->status == 200 }, 10), "$name: it is back");
	cmp_ok(time - $back, '<', 6, sprintf '... and in use after %.1f s',
	    time - $back);
	ok($g->wait_for(sub { $g->ready }, 5), '... /readyz too');
	is(join(' ', sort $g->workers($_)), $pids{$_},
	    "... the workers of $_ are the same") for @pools;

	# A worker that was idle all the time finds out by its next request:
	# each may say 503 once more, but not after 6 s.
	my $soon = sub {
		my ($ask, $res) = @_;
		$g->wait_for(sub { ($res = $ask->())->status != 503 },
		    6 - (time - $back));
		return $res;
	};
	for my $claim (@claims) {
		my $res = $soon->(sub { $g->call(GET =>
		    $claim->header('Location'), as => 'AUDITOR') });
		is($res->get('claimId'), $claim->get('claimId'),
		    'an acknowledged claim is there');
	}
	is_status($soon->(sub { $g->claim($events[0], $users[0]) }), 409,
	    'a claim that was made stays made');
	is_status($soon->(sub { $g->claim($event, $users[@$how ? 2 : 1]) }),
	    201, 'a new one is granted');
	my %recorded;
	$g->wait_for(sub {
		%recorded = map { $_->{traceId} => 1 } eval { $g->list(
		    '/v1/audit?limit=100&code=GRANTED', as => 'AUDITOR') };
		return !grep { !$recorded{$_->trace} } @claims;
	}, 8);
	is(scalar(grep { !$recorded{$_->trace} } @claims), 0,
	    'each acknowledged claim has its audit record');
	$g->wait_for(sub { time > $back + 6 }, 7);
	is(scalar(grep { $_->status != 200 } http_all(map { $g->request(GET =>
	    '/v1/claims?limit=1', as => 'AUDITOR') } 1 .. 40)), 0,
	    'after 6 s every worker is back');
}
is($g->call(GET => '/v1/users?limit=100', as => 'ADMIN')->body =~ /away\@/, '',
    'a sign-up that was 503 has left no user');
is_status($g->call(POST => '/v1/users', json => {email => 'away@example.org',
    password => 'correct horse battery', name => 'N'}), 201,
    '... and the address is free');

done_testing;
