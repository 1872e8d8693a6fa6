#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Events that recur: one claim a day, week or month of the event's time zone,
# at its hours; and what a change of the rule does to who has claimed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use JSON::PP ();
use POSIX qw(strftime);
use Test::More;
use Time::Local qw(timegm);
use Guerdon::Assert;
use Guerdon::Fcgi qw(fcgi_call);
use Guerdon::Mongo;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my @rewards = (rewards => [{type => 'POINT', name => 'P', quantity => 1}]);

# An attempt's id holds its instant, by which a claim is judged: the test does
# as a gateway would have done at another time.
sub attempt {
	my ($instant) = @_;
	my @digits = (0 .. 9, grep { !/[ILOU]/ } 'A' .. 'Z');
	my ($y, $m, $d, $h, $min, $s, $ms) = $instant =~
	    /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(?:\.(\d{3}))?Z$/ or die;
	my $n = timegm($s, $min, $h, $d, $m - 1, $y) * 1000 + ($ms // 0);
	my $time = '';

	for (1 .. 10) {
		$time = $digits[$n % 32] . $time;
		$n = int($n / 32);
	}
	return "at_$time" . join '', map { $digits[rand 32] } 1 .. 16;
}

# "201 PERIOD" or "409 CODE", and the answer's body.
sub claim_at {
	my ($event, $user, $instant) = @_;
	my $c = Guerdon::Fcgi->connect($g->socket_path('event')) or die $!;

	$c->send(fcgi_call(params => [GUERDON_NODE_KEY => $g->node_key,
	    GUERDON_ROLE => 'USER', GUERDON_SUBJECT => $user->{userId},
	    GUERDON_ATTEMPT => attempt($instant), GUERDON_BUDGET_MS => 3000,
	    REQUEST_METHOD => 'POST',
	    REQUEST_URI => "/v1/events/$event->{eventId}/claims"]));
	my $answer = $c->answer(5);
	my $body = eval { JSON::PP::decode_json($answer->{body}) } // {};
	my $what = "$answer->{status} " . ($body->{code} // $body->{period} // '');
	return wantarray ? ($what, $body) : $what;
}

sub patch {
	my ($event, %change) = @_;
	return $g->call(PATCH => "/v1/events/$event->{eventId}", as =>
	    'OPERATOR', json => \%change, headers => ['If-Match', '*']);
}

# Each user claims at these instants in turn.
my @stories = (
    ['a day', {recurrence => 'DAILY'},
	'2026-11-23T00:00:00Z' => '201 2026-11-23',
	'2026-11-23T23:59:59.999Z' => '409 ALREADY_CLAIMED',
	'2026-11-24T00:00:00Z' => '201 2026-11-24'],
    ['a week', {recurrence => 'WEEKLY'},
	'2026-11-29T23:59:59.999Z' => '201 2026-W48',
	'2026-11-23T00:00:00Z' => '409 ALREADY_CLAIMED',
	'2026-11-30T00:00:00Z' => '201 2026-W49',
	'2027-01-03T00:00:00Z' => '201 2026-W53',
	'2027-01-04T00:00:00Z' => '201 2027-W01'],
    ['a month', {recurrence => 'MONTHLY', timeZone => 'Asia/Seoul'},
	'2026-10-31T14:59:59.999Z' => '201 2026-10',
	'2026-10-31T15:00:00Z' => '201 2026-11',
	'2026-11-30T14:59:59.999Z' => '409 ALREADY_CLAIMED'],
    ['once', {recurrence => 'NONE', timeZone => 'Asia/Seoul'},
	'2026-11-23T00:00:00Z' => '201 ALL',
	'2027-11-23T00:00:00Z' => '409 ALREADY_CLAIMED'],
    ['a day of 23 and one of 25 hours in Berlin',
	{recurrence => 'DAILY', timeZone => 'Europe/Berlin'},
	'2026-03-28T23:00:00Z' => '201 2026-03-29',
	'2026-03-29T21:59:59.999Z' => '409 ALREADY_CLAIMED',
	'2026-03-29T22:00:00Z' => '201 2026-03-30',
	'2026-10-24T22:00:00Z' => '201 2026-10-25',
	'2026-10-25T22:59:59.999Z' => '409 ALREADY_CLAIMED',
	'2026-10-25T23:00:00Z' => '201 2026-10-26'],
    ['in New York', {recurrence => 'DAILY', timeZone => 'America/New_York'},
	'2026-03-08T05:00:00Z' => '201 2026-03-08',
	'2026-03-09T03:59:59.999Z' => '409 ALREADY_CLAIMED',
	'2026-03-09T04:00:00Z' => '201 2026-03-09',
	'2026-11-01T04:00:00Z' => '201 2026-11-01',
	'2026-11-02T04:59:59.999Z' => '409 ALREADY_CLAIMED',
	'2026-11-02T05:00:00Z' => '201 2026-11-02'],
    ['on the Chatham Islands',
	{recurrence => 'DAILY', timeZone => 'Pacific/Chatham'},
	'2026-04-04T10:15:00Z' => '201 2026-04-05',
	'2026-04-05T11:14:59.999Z' => '409 ALREADY_CLAIMED',
	'2026-04-05T11:15:00Z' => '201 2026-04-06',
	'2026-09-26T11:15:00Z' => '201 2026-09-27',
	'2026-09-27T10:14:59.999Z' => '409 ALREADY_CLAIMED',
	'2026-09-27T10:15:00Z' => '201 2026-09-28'],
    ['in Apia, which skipped a day',
	{recurrence => 'DAILY', timeZone => 'Pacific/Apia'},
	'2011-12-30T09:59:59.999Z' => '201 2011-12-29',
	'2011-12-30T10:00:00Z' => '201 2011-12-31'],
    ['at hours', {recurrence => 'DAILY', timeZone => 'Europe/Berlin',
	hours => {from => '09:00', to => '17:30'}},
	'2026-07-01T06:59:59.999Z' => '409 EVENT_NOT_OPEN',
	'2026-07-01T07:00:00Z' => '201 2026-07-01',
	'2026-07-01T18:00:00Z' => '409 ALREADY_CLAIMED',
	'2026-07-02T15:30:00Z' => '409 EVENT_NOT_OPEN',
	'2026-07-02T15:29:59.999Z' => '201 2026-07-02',
	'2026-12-01T07:00:00Z' => '409 EVENT_NOT_OPEN',
	'2026-12-01T08:00:00Z' => '201 2026-12-01'],
    ['over midnight', {recurrence => 'DAILY',
	hours => {from => '22:00', to => '02:00'}},
	'2026-11-23T21:59:59.999Z' => '409 EVENT_NOT_OPEN',
	'2026-11-23T22:00:00Z' => '201 2026-11-23',
	'2026-11-24T01:59:59.999Z' => '409 ALREADY_CLAIMED',
	'2026-11-24T02:00:00Z' => '409 EVENT_NOT_OPEN',
	'2026-11-25T00:30:00Z' => '201 2026-11-24'],
    ['hours of an event that does not recur',
	{hours => {from => '09:00', to => '10:00'}},
	'2026-11-23T08:00:00Z' => '409 EVENT_NOT_OPEN',
	'2026-11-23T09:00:00Z' => '201 ALL',
	'2026-11-24T09:00:00Z' => '409 ALREADY_CLAIMED'],
);
for my $story (@stories) {
	my ($name, $rule, @steps) = @$story;
	my $event = $g->new_event(%$rule, startsAt => '2000-01-01T00:00:00Z');
	my $user = $g->new_user;
	while (my ($instant, $want) = splice @steps, 0, 2) {
		is(claim_at($event, $user, $instant), $want,
		    "$name: $instant");
	}
}

# What is shown, and kept.
my $hours = {from => '08:00', to => '20:00'};
my $event = $g->new_event(recurrence => 'WEEKLY', hours => $hours,
    timeZone => 'Europe/Berlin', startsAt => '2000-01-01T00:00:00Z');
my $user = $g->new_user;
my ($what, $claim) = claim_at($event, $user, '2026-11-25T12:00:00Z');
for my $shown ($event, $claim->{snapshot}{event},
    $g->call(GET => "/v1/events/$event->{eventId}", as => 'USER')->json,
    grep { $_->{eventId} eq $event->{eventId} }
    $g->list('/v1/events', as => 'USER')) {
	is("$shown->{recurrence} $shown->{timeZone}", 'WEEKLY Europe/Berlin',
	    'recurrence and zone are shown');
	is_deeply($shown->{hours}, $hours, '... and the hours');
}
is($claim->{period}, '2026-W48', 'the claim says which week');
is_deeply($g->call(GET => "/v1/claims/$claim->{claimId}", as => $user)->json,
    $claim, '... when it is read, too');
my $plain = $g->new_event;
is("$plain->{recurrence} $plain->{timeZone}", 'NONE UTC', 'the defaults');
is($plain->{hours}, undef, '... at all hours');

# An event of a version that knew nothing of this.
my $m = Guerdon::Mongo->new($g);
is($m->update('events', [_id => $plain->{eventId}], ['$unset' =>
    [recurrence => '', timeZone => '', hours => '']]), 1, 'an old event');
my $old = $g->call(PATCH => "/v1/events/$plain->{eventId}", as => 'OPERATOR',
    json => {title => 'T'}, headers => ['If-Match', '*'])->json;
is("$old->{recurrence} $old->{timeZone}", 'NONE UTC', '... shows the same');
is(claim_at($plain, $user, '2026-11-25T12:00:00Z'), '201 ALL',
    '... and is claimed once');

# What is refused.
my %good = (title => 'T', startsAt => '2026-01-01T00:00:00Z',
    endsAt => '2026-02-01T00:00:00Z');
for my $case ([{recurrence => 'YEARLY'}, '/recurrence NOT_IN_ENUM'],
    [{timeZone => 'Mars/Olympus'}, '/timeZone UNKNOWN_TIME_ZONE'],
    [{timeZone => '../../../etc/passwd'}, '/timeZone UNKNOWN_TIME_ZONE'],
    [{timeZone => '/etc/localtime'}, '/timeZone UNKNOWN_TIME_ZONE'],
    [{timeZone => 'localtime'}, '/timeZone UNKNOWN_TIME_ZONE'],
    [{timeZone => 'Europe'}, '/timeZone UNKNOWN_TIME_ZONE'],
    [{timeZone => ''}, '/timeZone TOO_SHORT'],
    [{timeZone => 'A' x 65}, '/timeZone TOO_LONG'],
    [{hours => {from => '08:00'}}, '/hours/to REQUIRED'],
    [{hours => {from => '8:00', to => '09:00'}}, '/hours/from WRONG_PATTERN'],
    [{hours => {from => '08:00', to => '24:00'}}, '/hours/to WRONG_PATTERN'],
    [{hours => {from => '08:00', to => '08:00'}}, '/hours/to OUT_OF_RANGE'],
    [{hours => {from => '08:00', to => '08:00'}, timeZone => 'x',
	endsAt => '2010-01-01T00:00:00Z'}, '/endsAt OUT_OF_RANGE',
	'/hours/to OUT_OF_RANGE', '/timeZone UNKNOWN_TIME_ZONE']) {
	my ($wrong, @faults) = @$case;
	my $text = $Guerdon::Stack::json->encode($wrong);
	is_deeply([faults($g->call(POST => '/v1/events', as => 'OPERATOR',
	    json => {%good, %$wrong}))], \@faults, "refused: $text");
	is_deeply([faults(patch($plain, %$wrong))], \@faults,
	    '... as a change, too');
}

# A change of the rule gives nobody a second claim in the period that is
# running by the new rule; what comes after it is by the new rule.  A change is
# made now, so these claims are of our days.
sub day {
	my ($days, $time) = @_;
	return strftime('%Y-%m-%d', gmtime time + 86400 * $days) . 'T' .
	    ($time // strftime('%H:%M:%S', gmtime)) . 'Z';
}
for my $case (
    ['NONE to DAILY', {}, {recurrence => 'DAILY'}],
    ['DAILY to NONE', {recurrence => 'DAILY'}, {recurrence => 'NONE'}, 'once'],
    ['DAILY to WEEKLY', {recurrence => 'DAILY'}, {recurrence => 'WEEKLY'}],
    ['UTC to Kiritimati', {recurrence => 'DAILY'},
	{timeZone => 'Pacific/Kiritimati'}],
    ['UTC to Pago Pago', {recurrence => 'DAILY'},
	{timeZone => 'Pacific/Pago_Pago'}]) {
	my ($name, $rule, $change, $once) = @$case;
	my $event = $g->new_event(%$rule);
	my ($had, $new) = map { $g->new_user } 1 .. 2;
	my $first = $g->claim($event, $had);
	is_status($first, 201, "$name: a claim");
	is_status(patch($event, %$change), 200, '... the rule is changed');
	my $res = $g->claim($event, $had);
	is_problem($res, 409, 'ALREADY_CLAIMED', '... the user has had it');
	is($res->get('claimId'), $first->get('claimId'), '... by that claim');
	is_status($g->claim($event, $new), 201, '... another user has not');
	is_status($g->claim($event, $new), 409, '... and then has');
	like(claim_at($event, $had, day(8)), $once ? qr/^409 ALREADY_CLAIMED/ :
	    qr/^201 \d/, '... by the new rule later');
}
my $same = $g->new_event(recurrence => 'DAILY');
patch($same, title => 'T', recurrence => 'DAILY', hours => undef);
is(($m->find('events', [_id => $same->{eventId}]))[0]{scheduledAt}, undef,
    'what stays the same is no change');

done_testing;
