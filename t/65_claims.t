#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Claims: what one is, and why there is none; ALREADY_CLAIMED before every
# other reason.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX qw(strftime);
use Test::More;
use Time::HiRes qw(time);
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $user = $g->new_user;
my $event = $g->new_event(description => 'what it was', rewards => [
    {type => 'POINT', name => '500 points', quantity => 500},
    {type => 'COUPON', name => 'a coupon', quantity => 1,
	details => {code => 'X', percent => 10, once => JSON::PP::true}}]);

sub patch {
	my ($event, %change) = @_;
	my $res = $g->call(PATCH => "/v1/events/$event->{eventId}", as =>
	    'OPERATOR', json => \%change, headers => ['If-Match', '*']);
	die $res->brief if $res->status != 200;
}
sub at { my $t = time + $_[0]; return strftime('%Y-%m-%dT%H:%M:%S', gmtime $t) .
    sprintf '.%03dZ', 1000 * ($t - int $t) }

my $res = $g->claim($event, $user);
is_status($res, 201, 'a claim');
my $claim = $res->json;
is(members($claim), 'claimId createdAt eventId period rewards snapshot state ' .
    'traceId userId', '... has the members of a Claim');
like($claim->{claimId}, qr/^cl_[0-9A-HJKMNP-TV-Z]{26}$/, '... an id');
is($claim->{userId}, $user->{userId}, '... is the user\'s');
is($claim->{eventId}, $event->{eventId}, '... of the event');
is($claim->{state}, 'GRANTED', '... is GRANTED');
is_deeply($claim->{rewards}, $event->{rewards}, '... with the rewards');
is_deeply($claim->{snapshot}{rewards}, $event->{rewards},
    '... and a snapshot of them');
is_deeply({%{$claim->{snapshot}{event}}, rewards => undef},
    {%$event, rewards => undef}, '... and of the event');
is(members($claim->{snapshot}), 'event rewards', '... and no more');
is($claim->{traceId}, $res->trace, '... in the trace of the answer');
is($res->header('Location'), "/v1/claims/$claim->{claimId}", '... is at Location');
is_deeply($g->call(GET => $res->header('Location'), as => $user)->json, $claim,
    '... where the user reads it');

$res = $g->claim($event, $user);
is_problem($res, 409, 'ALREADY_CLAIMED', 'a second claim');
is($res->get('claimId'), $claim->{claimId}, '... names the first');
is($res->header('Location'), "/v1/claims/$claim->{claimId}", '... and where it is');

# Who may see it.
for my $role (qw(OPERATOR AUDITOR ADMIN)) {
	is_deeply($g->call(GET => "/v1/claims/$claim->{claimId}", as => $role)
	    ->json, $claim, "$role reads it");
}
is_problem($g->call(GET => "/v1/claims/$claim->{claimId}", as => 'USER'), 404,
    'NOT_FOUND', 'another USER does not');
is_problem($g->call(GET => "/v1/claims/$_", as => 'ADMIN'), 404, 'NOT_FOUND',
    "$_: no claim") for 'cl_00000000000000000000000000', 'nonsense',
    $event->{eventId};

# Why there is none, and that ALREADY_CLAIMED comes before it.
my @reasons = (
    ['DRAFT', {status => 'DRAFT'}, '404 NOT_FOUND', '409 EVENT_NOT_OPEN'],
    ['PAUSED', {status => 'PAUSED'}, '404 NOT_FOUND', '409 EVENT_NOT_OPEN'],
    ['not begun', {startsAt => '2080-01-01T00:00:00Z'},
	('409 EVENT_NOT_OPEN') x 2],
    ['over', {endsAt => '2020-01-02T00:00:00Z'}, ('409 EVENT_NOT_OPEN') x 2],
    ['PAUSED and over', {status => 'PAUSED', endsAt => '2020-01-02T00:00:00Z'},
	'404 NOT_FOUND', '409 EVENT_NOT_OPEN'],
);
for my $case (@reasons) {
	my ($name, $change, $for_user, $for_admin) = @$case;
	my $closed = $g->new_event(%$change);
	is($g->claim($closed, $user)->brief, $for_user, "$name: for a USER");
	is($g->claim($closed, 'ADMIN')->brief, $for_admin, '... for an ADMIN');
	my $claimed = $g->new_event;
	my %first = map { (ref ? 'user' : $_) =>
	    $g->claim($claimed, $_)->get('claimId') } $user, 'ADMIN';
	patch($claimed, %$change);
	$res = $g->claim($claimed, $user);
	is_problem($res, 409, 'ALREADY_CLAIMED', '... but who has claimed is told');
	is($res->get('claimId'), $first{user}, '... which claim');
	$res = $g->claim($claimed, 'ADMIN');
	is_problem($res, 409, 'ALREADY_CLAIMED', '... an ADMIN too');
	is($res->get('claimId'), $first{ADMIN}, '... each the own one');
}
my $bare = $g->new_event(rewards => []);
is_problem($g->claim($bare, $user), 409, 'NO_REWARDS', 'no rewards');
$g->call(POST => "/v1/events/$bare->{eventId}/rewards", as => 'OPERATOR',
    json => {type => 'ITEM', name => 'late', quantity => 3});
is_status($g->claim($bare, $user), 201, '... until there is one');
my $none = $g->new_event(rewards => [], endsAt => '2020-01-02T00:00:00Z');
is_problem($g->claim($none, $user), 409, 'EVENT_NOT_OPEN',
    'over and without rewards: it is not open');
is_problem($g->claim('ev_00000000000000000000000000', $user), 404, 'NOT_FOUND',
    'no such event');
is_problem($g->claim('nonsense', $user), 404, 'NOT_FOUND', 'no id');

# The period is [startsAt, endsAt), to the millisecond.
my $soon = $g->new_event(startsAt => at(0.8), endsAt => at(2.2));
is($g->claim($soon, $user)->brief, '409 EVENT_NOT_OPEN', 'too early');
$g->wait_for(sub { ($res = $g->claim($soon, $user))->status == 201 }, 2);
is_status($res, 201, '... in time');
cmp_ok($res->get('createdAt'), 'ge', $soon->{startsAt}, '... not before it');
my $late = $g->new_user;
$g->wait_for(sub { at(0) gt $soon->{endsAt} }, 4);
is($g->claim($soon, $late)->brief, '409 EVENT_NOT_OPEN', '... too late');

# Many users of one event, one user of many events.
my @users = map { $g->new_user } 1 .. 3;
my @events = map { $g->new_event } 1 .. 3;
my %claims;
for my $u (@users) {
	$claims{$g->claim($_, $u)->get('claimId')}++ for @events;
}
is(keys %claims, 9, 'each user claims each event');
is_status($g->claim($events[0], 'OPERATOR'), 403, 'an OPERATOR claims nothing');
is_status($g->claim($events[0], 'AUDITOR'), 403, '... nor does an AUDITOR');
is_status($g->claim($events[0], 'ADMIN'), 201, '... but an ADMIN');

done_testing;
