#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# For a USER an event that isn't ACTIVE does not exist, with its rewards: not
# by its id, not in a list, not for a claim.  Everybody else sees it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my %event = map { $_ => $g->new_event(status => $_, title => $_) }
    qw(DRAFT ACTIVE PAUSED);
my @others = qw(OPERATOR AUDITOR ADMIN);

sub titles { return join ' ', sort map { $_->{title} } $g->list(@_) }
sub events_of { return join ' ', sort map { my $id = $_->{eventId};
    grep { $event{$_}{eventId} eq $id } keys %event } $g->list(@_) }

for my $status (sort keys %event) {
	my $path = "/v1/events/$event{$status}{eventId}";
	my $reward = "/v1/rewards/$event{$status}{rewards}[0]{rewardId}";
	for my $role (@others) {
		is_status($g->call(GET => $_, as => $role), 200,
		    "$role: GET of a $status " . (/event/ ? 'event' : 'reward'))
		    for $path, $reward;
	}
	if ($status eq 'ACTIVE') {
		is_status($g->call(GET => $_, as => 'USER'), 200,
		    "USER: $_") for $path, $reward;
		next;
	}
	is_problem($g->call(GET => $_, as => 'USER'), 404, 'NOT_FOUND',
	    "USER: GET of a $status one is 404") for $path, $reward;
	is_problem($g->call(GET => $path, as => 'USER', headers =>
	    ['If-None-Match', '*']), 404, 'NOT_FOUND',
	    '... whatever it would match');
	is_problem($g->claim($event{$status}, 'USER'), 404, 'NOT_FOUND',
	    '... and a claim on it');
	is_problem($g->claim($event{$status}, 'ADMIN'), 409, 'EVENT_NOT_OPEN',
	    '... for an ADMIN it is not open');
	is($g->call(GET => $path, as => 'USER')->get('detail'),
	    $g->call(GET => '/v1/events/ev_00000000000000000000000000',
	    as => 'USER')->get('detail'), '... as if it were not there');
}

for my $role (@others) {
	is(titles('/v1/events', as => $role), 'ACTIVE DRAFT PAUSED',
	    "$role: the list has all");
	is(titles("/v1/events?status=$_", as => $role), $_, "... or the $_ ones")
	    for sort keys %event;
	is(events_of('/v1/rewards', as => $role), 'ACTIVE DRAFT PAUSED',
	    '... and so have the rewards');
}
is(titles('/v1/events', as => 'USER'), 'ACTIVE', 'USER: the ACTIVE ones');
is(titles('/v1/events?status=ACTIVE', as => 'USER'), 'ACTIVE', '... asked for');
is(titles("/v1/events?status=$_", as => 'USER'), '', "... and no $_ ones")
    for qw(DRAFT PAUSED);
is(events_of('/v1/rewards', as => 'USER'), 'ACTIVE', '... and their rewards');
is(events_of("/v1/rewards?eventId=$event{$_}{eventId}", as => 'USER'),
    $_ eq 'ACTIVE' ? 'ACTIVE' : '', "... of the $_ one") for sort keys %event;

# It comes and goes at once.
my $path = "/v1/events/$event{DRAFT}{eventId}";
is_status($g->call(PATCH => $path, as => 'OPERATOR', json => {status =>
    'ACTIVE'}, headers => ['If-Match', '*']), 200, 'a draft is published');
is_status($g->call(GET => $path, as => 'USER'), 200, '... and seen at once');
is(titles('/v1/events', as => 'USER'), 'ACTIVE DRAFT', '... in the list too');
my $claim = $g->claim($event{DRAFT}, 'USER');
is_status($claim, 201, '... and claimed');
$g->call(PATCH => $path, as => 'OPERATOR', json => {status => 'PAUSED'},
    headers => ['If-Match', '*']);
is_status($g->call(GET => $path, as => 'USER'), 404, 'paused, it is gone');
is_status($g->call(GET => $claim->header('Location'), as => 'USER'), 200,
    '... but the claim is not');
is_problem($g->claim($event{DRAFT}, 'USER'), 409, 'ALREADY_CLAIMED',
    '... which comes before 404');

# A cursor does not carry over what may not be seen.
my @more = map { $g->new_event(title => "m$_") } 1 .. 4;
my $page = $g->call(GET => '/v1/events?limit=2', as => 'USER');
$g->call(PATCH => "/v1/events/$more[1]{eventId}", as => 'OPERATOR',
    json => {status => 'PAUSED'}, headers => ['If-Match', '*']);
sub rest { return join ' ', map { $_->{title} } @{$g->call(GET =>
    '/v1/events?limit=50&cursor=' . $page->get('next'), as => $_[0])
    ->get('items')} }
is(rest('USER'), 'm1 ACTIVE', 'paused between two pages, it is not there');
is(rest('OPERATOR'), 'm2 m1 PAUSED ACTIVE DRAFT',
    'a cursor is good for another role');

done_testing;
