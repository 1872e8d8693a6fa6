#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Rewards: add, read, change by merge patch.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $event = $g->new_event(rewards => []);
my $path = "/v1/events/$event->{eventId}";

sub add {
	my (%o) = @_;
	return $g->call(POST => "$path/rewards", as => 'OPERATOR', json =>
	    {type => 'ITEM', name => 'A gift', quantity => 1, %o});
}
sub patch {
	my ($reward, $change) = @_;
	return $g->call(PATCH => '/v1/rewards/' . (ref $reward ?
	    $reward->{rewardId} : $reward), as => 'OPERATOR', json => $change,
	    headers => ['If-Match', '*']);
}

my $res = add();
is_status($res, 201, 'a reward');
is(members($res), 'claimWindow createdAt details eventId name quantity ' .
    'requiresApproval rewardId stock type',
    '... has the members of a Reward');
like($res->get('rewardId'), qr/^rw_[0-9A-HJKMNP-TV-Z]{26}$/, '... an id');
is($res->get('eventId'), $event->{eventId}, '... its event');
is_deeply($res->get('details'), {}, '... no details');
is($res->header('Location'), '/v1/rewards/' . $res->get('rewardId'),
    '... is at Location');
my $reward = $res->json;
for my $role (qw(USER OPERATOR AUDITOR ADMIN)) {
	is_deeply($g->call(GET => $res->header('Location'), as => $role)->json,
	    $reward, "... $role reads the same");
}
my $now = $g->call(GET => $path, as => 'USER')->json;
is_deeply($now->{rewards}, [$reward], 'its event has it');
is($now->{version}, 2, '... in a new version');
is_status($g->call(POST => "$path/rewards", as => 'ADMIN', json =>
    {type => 'CASH', name => 'C', quantity => 100, details =>
    {currency => 'EUR'}}), 201, 'an administrator adds one');
is_problem($g->call(POST => '/v1/events/ev_00000000000000000000000000/rewards',
    as => 'OPERATOR', json => {type => 'ITEM', name => 'x', quantity => 1}),
    404, 'NOT_FOUND', 'to an event that is not there');

# What a reward may be.
my %twenty = map { ("k$_" => $_) } 1 .. 20;
is_status(add(details => \%twenty), 201, '20 details');
has_fault(add(details => {%twenty, k21 => 21}), '/details', '21 details');
is_status(add(details => {s => '', S => 'x' x 1000, n => -9007199254740991,
    N => 9007199254740991, t => JSON::PP::true, f => JSON::PP::false,
    'a-b_C9' => 0}), 201, 'all kinds of details');
for my $case ([name => ''], [name => 'x' x 201], [name => undef],
    [type => 'GOLD'], [type => 'point'], [quantity => 0], [quantity => -1],
    [quantity => '1'], [details => []], [details => undef], [details => 'x'],
    [rewardId => 'rw_1'], [eventId => 'ev_1'], [stock => -1],
    [left => 7]) {
	my ($member, $value) = @$case;
	has_fault(add($member => $value), "/$member", "no such reward: $member " .
	    (defined $value && !ref $value ? substr $value, 0, 20 : 'other'));
}
for my $case ([a => undef], [a => 0.5], [a => {}], [a => []], ['$a' => 1],
    ['a.b' => 1], ['a b' => 1], ["\x{e9}" => 1], ['a' => 'x' x 1001],
    ['k' x 65 => 1]) {
	my ($name, $value) = @$case;
	is_problem(add(details => {$name => $value}), 400,
	    'VALIDATION_FAILED', 'no such details: ' . substr $name, 0, 9);
}

# Changes: members that are named, details member by member [RFC 7396].
$reward = add(name => 'old', quantity => 5, details => {a => 1, b => 'two',
    c => JSON::PP::true})->json;
my $before = $g->call(GET => $path, as => 'OPERATOR')->get('version');
for my $case (
    [{name => 'new'}, {name => 'new'}],
    [{quantity => 9007199254740991}, {quantity => 9007199254740991}],
    [{details => {b => 2}}, {details => {a => 1, b => 2, c => JSON::PP::true}}],
    [{details => {a => undef, d => 'four'}},
	{details => {b => 2, c => JSON::PP::true, d => 'four'}}],
    [{details => {nothing => undef}},
	{details => {b => 2, c => JSON::PP::true, d => 'four'}}],
    [{details => {map { $_ => undef } qw(b c d)}}, {details => {}}],
    [{name => 'last', quantity => 6, details => {e => 5}},
	{name => 'last', quantity => 6, details => {e => 5}}]) {
	my ($change, $now) = @$case;
	$res = patch($reward, $change);
	$reward = {%$reward, %$now};
	is_status($res, 200, 'changed: ' . $Guerdon::Stack::json->encode($change));
	is_deeply($res->json, $reward, '... that and nothing else');
}
is_deeply($g->call(GET => "/v1/rewards/$reward->{rewardId}", as => 'USER')
    ->json, $reward, 'GET sees it');
$now = $g->call(GET => $path, as => 'OPERATOR')->json;
is($now->{version}, $before + 7, 'each change is a version of the event');
is_deeply([grep { $_->{rewardId} eq $reward->{rewardId} } @{$now->{rewards}}],
    [$reward], '... which has it');

has_fault(patch($reward, {}), '', 'nothing to change');
has_fault(patch($reward, {details => {map { ("m$_" => 1) } 1 .. 20}}),
    '/details', 'more than 20 details in all');
is_deeply(patch($reward, {details => {(map { ("m$_" => 1) } 1 .. 20),
    e => undef}})->get('details'), {map { ("m$_" => 1) } 1 .. 20},
    '20 that take the place of another');
for my $case ([type => 'CASH'], [name => undef], [quantity => undef],
    [quantity => 0], [details => undef], [rewardId => 'x'],
    [eventId => 'x'], [createdAt => 'x']) {
	my ($member, $value) = @$case;
	has_fault(patch($reward, {$member => $value}), "/$member",
	    "no such change: $member");
}
is_problem(patch('rw_00000000000000000000000000', {name => 'x'}), 404,
    'NOT_FOUND', 'nothing there to change');
is_problem($g->call(GET => '/v1/rewards/rw_00000000000000000000000000',
    as => 'OPERATOR'), 404, 'NOT_FOUND', 'nothing there to read');
is_problem($g->call(GET => "/v1/rewards/$event->{eventId}", as => 'OPERATOR'),
    404, 'NOT_FOUND', 'an id of another kind');

# At most 100, also when many come at once.
my $full = $g->new_event(rewards => [map { {type => 'ITEM', name => "r$_",
    quantity => 1} } 1 .. 90]);
my @answers = http_all(map { $g->request(POST =>
    "/v1/events/$full->{eventId}/rewards", as => 'OPERATOR', json =>
    {type => 'ITEM', name => "s$_", quantity => 1}) } 1 .. 20);
my %count;
$count{$_->brief}++ for @answers;
is_deeply(\%count, {201 => 10, '409 TOO_MANY_REWARDS' => 10},
    'of 20 at once ten find room') or diag(explain(\%count));
is(scalar @{$g->call(GET => "/v1/events/$full->{eventId}", as => 'USER')
    ->get('rewards')}, 100, '... and the event holds 100');
has_fault($g->call(POST => '/v1/events', as => 'OPERATOR', json => {
    title => 'T', startsAt => '2020-01-01T00:00:00Z',
    endsAt => '2021-01-01T00:00:00Z', rewards => [map { {type => 'ITEM',
    name => 'r', quantity => 1} } 1 .. 101]}), '/rewards', '101 to begin with');

done_testing;
