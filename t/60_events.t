#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Events: publish, read, change.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $stamp = qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
my $all = 'choice claimLimit conditions createdAt createdBy description ' .
    'endsAt ' .
    'eventId hours recurrence rewards startsAt status timeZone title ' .
    'updatedAt version';
my %least = (title => 'Spring festival', startsAt => '2026-01-01T00:00:00Z',
    endsAt => '2026-02-01T00:00:00Z');

sub create { return $g->call(POST => '/v1/events', as => 'OPERATOR',
    json => {@_}) }
sub patch {
	my ($event, $change) = @_;
	return $g->call(PATCH => "/v1/events/$event->{eventId}", as =>
	    'OPERATOR', json => $change, headers => ['If-Match', '*']);
}

# The least that an event is.
my $res = create(%least);
is_status($res, 201, 'an event');
is(members($res), $all, '... has the members of an Event');
like($res->get('eventId'), qr/^ev_[0-9A-HJKMNP-TV-Z]{26}$/, '... an id');
is($res->header('Location'), '/v1/events/' . $res->get('eventId'),
    '... is at Location');
is($res->get('title'), 'Spring festival', '... the title');
is($res->get('description'), undef, '... no description');
is($res->get('status'), 'ACTIVE', '... is ACTIVE by default');
is($res->get('startsAt'), '2026-01-01T00:00:00.000Z', '... startsAt');
is($res->get('endsAt'), '2026-02-01T00:00:00.000Z', '... endsAt');
is_deeply($res->get('rewards'), [], '... no rewards');
is($res->get('createdBy'), $g->person('OPERATOR')->{userId},
    '... who made it');
like($res->get('createdAt'), $stamp, '... when');
is($res->get('updatedAt'), $res->get('createdAt'), '... not changed since');
is($res->get('version'), 1, '... version 1');
for my $role (qw(USER OPERATOR AUDITOR ADMIN)) {
	is_deeply($g->call(GET => $res->header('Location'), as => $role)->json,
	    $res->json, "... $role reads the same");
}

# The most, and by an administrator.
$res = $g->call(POST => '/v1/events', as => 'ADMIN', json => {%least,
    title => "\x{1f381} gift", description => 'd' x 4000, status => 'PAUSED',
    rewards => [
    {type => 'POINT', name => 'P', quantity => 500},
    {type => 'ITEM', name => 'I', quantity => 1, details => {
	colour => 'red', size => 42, wrapped => JSON::PP::true}},
    {type => 'COUPON', name => 'C', quantity => 2, details => {}},
    {type => 'CASH', name => 'E', quantity => 9007199254740991}]});
is_status($res, 201, 'an event with everything');
is($res->get('createdBy'), $g->person('ADMIN')->{userId}, '... by an administrator');
is(length $res->get('description'), 4000, '... a long description');
is($res->get('status'), 'PAUSED', '... PAUSED');
my @rewards = @{$res->get('rewards')};
is(join(' ', map { $_->{type} } @rewards), 'POINT ITEM COUPON CASH',
    '... four rewards in their order');
is_deeply([map { members($_) } @rewards],
    [('claimWindow createdAt details eventId name quantity ' .
    'requiresApproval rewardId stock type') x 4],
    '... each with the members of a Reward');
is(scalar(grep { $_->{rewardId} =~ /^rw_[0-9A-HJKMNP-TV-Z]{26}$/ &&
    $_->{eventId} eq $res->get('eventId') && $_->{createdAt} =~ $stamp }
    @rewards), 4, '... ids and times of ours');
is(keys %{{map { $_->{rewardId} => 1 } @rewards}}, 4, '... all different');
is_deeply([map { $_->{details} } @rewards], [{}, {colour => 'red', size => 42,
    wrapped => JSON::PP::true}, {}, {}], '... details as they came');
like($res->body, qr/"quantity":9007199254740991[,}]/, '... a large quantity');
like($res->body, qr/"size":42[,}].*"wrapped":true/, '... types are kept');

# Times: offsets are accepted and stored as UTC.
for my $case (['2026-01-01T09:00:00+09:00', '2026-01-01T00:00:00.000Z'],
    ['2025-12-31T19:30:00-04:30', '2026-01-01T00:00:00.000Z'],
    ['2026-01-01T00:00:00.5Z', '2026-01-01T00:00:00.500Z'],
    ['2026-01-01T00:00:00.123456789Z', '2026-01-01T00:00:00.123Z'],
    ['2026-01-01t00:00:00z', '2026-01-01T00:00:00.000Z'],
    ['2024-02-29T23:59:59Z', '2024-02-29T23:59:59.000Z'],
    ['1965-07-01T00:00:00.25Z', '1965-07-01T00:00:00.250Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['2026-01-01T00:00:00-00:00', '2026-01-01T00:00:00.000Z']) {
	$res = create(%least, startsAt => $case->[0]);
	is($res->get('startsAt'), $case->[1], "startsAt $case->[0]") or
	    diag($res->body);
	is($g->call(GET => $res->header('Location') // '/', as => 'OPERATOR')
	    ->get('startsAt'), $case->[1], '... comes back');
}
is_status(create(%least, startsAt => '9999-12-31T23:59:59.998Z',
    endsAt => '9999-12-31T23:59:59.999Z'), 201, 'the last millisecond');

# Changes.
my $event = $g->new_event(description => 'old');
$res = patch($event, {title => 'new'});
is_status($res, 200, 'a title is changed');
is($res->get('title'), 'new', '... is the new one');
is($res->get('version'), 2, '... version 2');
is_deeply([map { $res->get($_) } qw(description status startsAt endsAt
    createdBy createdAt rewards eventId)], [map { $event->{$_} }
    qw(description status startsAt endsAt createdBy createdAt rewards
    eventId)], '... and nothing else');
cmp_ok($res->get('updatedAt'), 'ge', $event->{updatedAt}, '... but updatedAt');
is_deeply($g->call(GET => "/v1/events/$event->{eventId}", as => 'OPERATOR')
    ->json, $res->json, '... which GET sees');
is(patch($event, {description => undef})->get('description'), undef,
    'a description is taken away');
is(patch($event, {description => 'again'})->get('description'), 'again',
    '... and set');
$res = patch($event, {startsAt => '2026-01-01T09:00:00+09:00',
    endsAt => '2026-03-01T00:00:00Z', status => 'DRAFT', title => 'all'});
is(join(' ', map { $res->get($_) } qw(startsAt endsAt status title)),
    '2026-01-01T00:00:00.000Z 2026-03-01T00:00:00.000Z DRAFT all',
    'several at once');
is($res->get('version'), 5, '... are one version');

has_fault(patch($event, {endsAt => '2025-01-01T00:00:00Z'}), '/endsAt',
    'an end before the start that is there');
has_fault(patch($event, {startsAt => '2026-03-01T00:00:00Z'}), '/endsAt',
    'a start at the end that is there');
is_status(patch($event, {startsAt => '2027-01-01T00:00:00Z',
    endsAt => '2027-01-01T00:00:00.001Z'}), 200,
    'a start after the old end, with a new one');
has_fault(patch($event, {}), '', 'nothing to change');
for my $case (['title', undef], ['title', ''], ['title', 'x' x 201],
    ['description', 'x' x 4001], ['status', 'OPEN'], ['status', undef],
    ['startsAt', undef], ['endsAt', 'never'], ['eventId', 'ev_1'],
    ['rewards', []], ['version', 9], ['createdBy', 'me'],
    ['createdAt', '2020-01-01T00:00:00Z']) {
	my ($member, $value) = @$case;
	has_fault(patch($event, {$member => $value}), "/$member",
	    "no such change: $member " .
	    (defined $value && !ref $value ? substr $value, 0, 20 : 'null'));
}
is_problem(patch({eventId => 'ev_00000000000000000000000000'},
    {title => 'x'}), 404, 'NOT_FOUND', 'nothing there to change');
is($g->call(GET => "/v1/events/$event->{eventId}", as => 'OPERATOR')
    ->get('version'), 6, 'a refused change is no version');

done_testing;
