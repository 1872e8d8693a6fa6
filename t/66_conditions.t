#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Conditions on who may claim, the facts that they go by, and why a claim was
# refused or granted.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX qw(strftime);
use Test::More;
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Mongo;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $m = Guerdon::Mongo->new($g);
my $user = $g->new_user;
my $serial = 0;

sub day { return strftime('%Y-%m-%dT12:00:00Z', gmtime time - 86400 * $_[0]) }

# Activities [metric, amount, days ago] of a user.
sub activities {
	my ($who, @list) = @_;

	return {activities => [map { {activityId => 'a-' . ++$serial, userId =>
	    $who->{userId}, metric => $_->[0], amount => $_->[1],
	    defined $_->[2] ? (at => day($_->[2])) : ()} } @list]};
}

sub report {
	return $g->call(POST => '/v1/activities', as => 'OPERATOR',
	    json => $_[0]);
}

sub eligible {
	my ($conditions, $who) = @_;
	my $event = $g->new_event(conditions => $conditions,
	    startsAt => day(30));

	return $g->call(GET => "/v1/events/$event->{eventId}/eligibility",
	    as => $who // $user);
}

sub metric {
	my ($aggregate, $op, $value, $window) = @_;

	return {metric => 'login', aggregate => $aggregate, op => $op,
	    value => $value, window => $window // 'EVENT'};
}

# Facts: three days in a row up to yesterday, one 10 days ago, one before the
# event.
my $batch = activities($user, ['login', 1, 1], ['login', 5, 2], ['login', 1, 3],
    ['login', 1, 3], ['login', 2, 10], ['login', 100, 40], ['kills', 7]);
my $res = report($batch);
is_status($res, 200, 'activities are reported');
is_deeply($res->json, {accepted => 7, duplicates => 0, rejected => []},
    '... and accepted');
is_deeply(report($batch)->json, {accepted => 0, duplicates => 7,
    rejected => []}, 'the same again counts nothing');
$res = report({activities => [{activityId => 'x-1', userId => 'nobody',
    metric => 'login'}, {activityId => 'x-2', userId => $user->{userId},
    metric => 'other'}, {activityId => 'x-2', userId => $user->{userId},
    metric => 'other'}, {activityId => 'x-3', userId => $user->{userId},
    metric => 'other', at => '2090-01-01T00:00:00Z'}]});
is_deeply($res->json, {accepted => 1, duplicates => 1, rejected => [
    {index => 0, code => 'INVALID_USER'}, {index => 3,
    code => 'INVALID_TIME'}]}, 'what is wrong is told, the rest is taken');
my @bad = (17, {}, 'x', undef, [1],
    {activityId => 'y-1', userId => $user->{userId}},
    {activityId => 'a b', userId => $user->{userId}, metric => 'other'},
    {activityId => 'y-2', userId => $user->{userId}, metric => 'OTHER'},
    {activityId => 'y-3', userId => $user->{userId}, metric => 'other',
	amount => 1.5}, {activityId => 'y-4', userId => $user->{userId},
    metric => 'other', at => 'yesterday'}, {activityId => 'y-5', userId => 5,
    metric => 'other'}, {activityId => 'y-6', userId => $user->{userId},
    metric => 'other', extra => 1});
$res = report({activities => [@bad, {activityId => 'y-7', metric => 'other',
    userId => $user->{userId}}]});
is_deeply($res->json, {accepted => 1, duplicates => 0, rejected => [map {
    {index => $_, code => 'INVALID_ACTIVITY'} } 0 .. $#bad]},
    'what is no activity is told, one by one');
for my $none ([], {}, 'x', undef) {
	has_fault(report({activities => $none}), '/activities', 'no list');
}
is_status(report({activities => []}), 400, 'none');
is_status(report(activities($user, map { ['many', 1] } 1 .. 501)), 400,
    '501 are too many');
is_status(report(activities($user, map { ['many', 1] } 1 .. 500)), 200,
    '500 are not');

# Verdicts, on both sides of each boundary.
my @table = (
    [metric('SUM', 'GTE', 10), 1, 10], [metric('SUM', 'GT', 10), 0, 10],
    [metric('SUM', 'LTE', 10), 1, 10], [metric('SUM', 'LT', 10), 0, 10],
    [metric('SUM', 'EQ', 10), 1, 10], [metric('SUM', 'NE', 10), 0, 10],
    [metric('SUM', 'GTE', 11), 0, 10], [metric('SUM', 'EQ', 9), 0, 10],
    [metric('COUNT', 'EQ', 5), 1, 5], [metric('DAYS', 'EQ', 4), 1, 4],
    [metric('STREAK', 'EQ', 3), 1, 3], [metric('SUM', 'EQ', 0, 'P1D'), 1, 0],
    [metric('SUM', 'EQ', 1, 'P2D'), 1, 1], [metric('SUM', 'EQ', 8, 'P1W'), 1, 8],
    [metric('SUM', 'EQ', 110, 'P366D'), 1, 110],
    [metric('STREAK', 'EQ', 2, 'P3D'), 1, 2],
    [{metric => 'never', aggregate => 'STREAK', op => 'EQ', value => 0}, 1, 0],
    [{attribute => 'level', op => 'GTE', value => 5}, 1, 5],
    [{attribute => 'level', op => 'GT', value => 5}, 0, 5],
    [{attribute => 'level', op => 'NE', value => 'five'}, 1, 5],
    [{attribute => 'level', op => 'LT', value => 6}, 1, 5],
    [{attribute => 'country', op => 'EQ', value => 'KR'}, 1, 'KR'],
    [{attribute => 'country', op => 'NE', value => 'KR'}, 0, 'KR'],
    [{attribute => 'country', in => ['DE', 'KR']}, 1, 'KR'],
    [{attribute => 'country', in => ['DE', 5]}, 0, 'KR'],
    [{attribute => 'level', in => [4, 5]}, 1, 5],
    [{attribute => 'gone', op => 'NE', value => 1}, 0, undef],
    [{accountAge => 'DAYS', op => 'LT', value => 1}, 1, 0],
    [{accountAge => 'DAYS', op => 'GTE', value => 1}, 0, 0],
);
is_status($g->call(PUT => "/v1/users/$user->{userId}/attributes",
    as => 'OPERATOR', json => {attributes => {old => 1}}), 200, 'attributes');
$res = $g->call(PUT => "/v1/users/$user->{userId}/attributes",
    as => 'OPERATOR', json => {attributes => {level => 5, country => 'KR'}});
is_deeply($res->json, {userId => $user->{userId}, attributes => {level => 5,
    country => 'KR'}}, '... of which the last ones count');
for my $case (@table) {
	my ($leaf, $satisfied, $actual) = @$case;
	$res = eligible($leaf);
	my $name = join ' ', map { ref $leaf->{$_} ? "@{$leaf->{$_}}" :
	    $leaf->{$_} } sort keys %$leaf;
	is($res->get('eligible') ? 1 : 0, $satisfied, $name);
	is($res->get('trace')->{actual}, $actual, '... by what was found');
	# The other way round.
	is(eligible({not => $leaf})->get('eligible') ? 1 : 0, 1 - $satisfied,
	    '... and its contrary');
}

# Trees.
my ($yes, $no) = (metric('SUM', 'GTE', 1), metric('SUM', 'LT', 1));
for my $case ([{all => [$yes, $yes]}, 1], [{all => [$yes, $no]}, 0],
    [{any => [$no, $yes]}, 1], [{any => [$no, $no]}, 0],
    [{all => [{any => [$no, $yes]}, {not => {all => [$yes, $no]}}]}, 1]) {
	is(eligible($case->[0])->get('eligible') ? 1 : 0, $case->[1],
	    $Guerdon::Stack::json->encode($case->[0]));
}

# A claim that is refused, and one that is granted.
my $event = $g->new_event(conditions => {all => [$yes, {attribute => 'level',
    op => 'GTE', value => 6}]});
$res = $g->claim($event, $user);
is_problem($res, 409, 'NOT_ELIGIBLE', 'not yet at level 6');
is_deeply([map { $_->{satisfied} ? 1 : 0 } @{$res->get('trace')->{all}}],
    [1, 0], '... says the trace');
is_deeply([@{$res->get('trace')->{all}[1]}{qw(wanted actual)}], [6, 5],
    '... 6 are wanted, and there are 5');
$g->call(PUT => "/v1/users/$user->{userId}/attributes", as => 'OPERATOR',
    json => {attributes => {level => 6}});
$res = $g->claim($event, $user);
is_status($res, 201, 'at level 6 it is granted');
my $verdict = $res->json->{snapshot}{verdict};
ok($verdict->{satisfied}, '... and says why');
is($verdict->{facts}{attributes}{level}, 6, '... by these facts');
$g->call(PUT => "/v1/users/$user->{userId}/attributes", as => 'OPERATOR',
    json => {attributes => {level => 1}});
is_problem($g->claim($event, $user), 409, 'ALREADY_CLAIMED',
    'who has claimed and meets the conditions no more is told so');
is(eligible({claimed => $event->{eventId}})->get('eligible') ? 1 : 0, 1,
    'the claim is a condition of another event');
is(eligible({claimed => $event->{eventId}}, $g->new_user)->get('eligible') ?
    1 : 0, 0, '... which somebody else does not meet');
my ($out, $status) = $g->guerdon('explain', $res->get('claimId'));
is($status, 0, 'explain comes to the same') or diag($out);
like($out, qr/GRANTED, the conditions are satisfied/, '... and says so');
$m->update('claims', [_id => $res->get('claimId')],
    ['$set' => ['snapshot.verdict.facts.attributes.level' => 2]]);
($out, $status) = $g->guerdon('explain', $res->get('claimId'));
is($status, 1, 'with other facts it does not');

# Eligibility tells the other reasons, too.
my $few = $g->new_event(rewards => [{type => 'ITEM', name => 'I',
    quantity => 1, stock => 1}]);
my $path = "/v1/events/$few->{eventId}/eligibility";
is_deeply($g->call(GET => $path, as => $user)->json, {eligible =>
    JSON::PP::true, code => undef, trace => undef, stockLeft => 1},
    'one is left');
$g->claim($few, $user);
is($g->call(GET => $path, as => $user)->get('code'), 'ALREADY_CLAIMED',
    'claimed already');
ok($g->wait_for(sub { ($g->call(GET => $path, as => 'USER')->get('code') // '')
    eq 'SOLD_OUT' }, 1), 'sold out for others');
is($m->count('claims', [eventId => $few->{eventId}]), 1,
    '... and nothing was written');

# Input.
for my $case ([{}, ''], [[], ''], [{all => []}, '/all'],
    [{all => [{}]}, '/all/0'], [{not => 5}, '/not'],
    [{metric => 'A', aggregate => 'SUM', op => 'GT', value => 1}, '/metric'],
    [{metric => 'a', aggregate => 'MAX', op => 'GT', value => 1},
    '/aggregate'], [metric('SUM', 'LIKE', 1), '/op'],
    [metric('SUM', 'GT', '1'), '/value'], [metric('SUM', 'GT', 1, 'PT5H'),
    '/window'], [metric('SUM', 'GT', 1, 'P400D'), '/window'],
    [{attribute => 'a', op => 'GT', value => 'x'}, '/op'],
    [{attribute => 'a', op => 'EQ', value => [1]}, '/value'],
    [{attribute => 'a', in => []}, '/in'], [{claimed => 'x'}, '/claimed'],
    [{accountAge => 'P7D', op => 'GT', value => 1}, '/accountAge'],
    [{any => [$yes], extra => 1}, ''], [{any => [map { $yes } 1 .. 50]}, ''],
    [{not => {not => {not => {not => {not => {not => {not => {not =>
    $yes}}}}}}}}, '/not/not/not/not/not/not/not/not']) {
	my ($tree, $at) = @$case;
	has_fault($g->call(POST => '/v1/events', as => 'OPERATOR', json => {
	    title => 'T', startsAt => day(1), endsAt => day(-1),
	    conditions => $tree}), ref $tree eq 'ARRAY' ? '/conditions' :
	    "/conditions$at", 'refused: ' .
	    substr $Guerdon::Stack::json->encode($tree), 0, 60);
}

# Many report the same at once: it counts once.
my $busy = $g->new_user;
my $same = activities($busy, map { ['rush', 1] } 1 .. 20);
my @answers = http_all(map { $g->request(POST => '/v1/activities',
    as => 'OPERATOR', json => $same) } 1 .. 12);
is(join(' ', grep { $_->status != 200 } @answers), '', '12 at once');
my $accepted = 0;
$accepted += $_->get('accepted') for @answers;
is($accepted, 20, '... accept each activity once');
my ($sum) = grep { $_->{metric} eq 'rush' } @{$g->call(GET =>
    "/v1/users/$busy->{userId}/progress", as => $busy)->get('days')};
is_deeply([@$sum{qw(sum count)}], [20, 20], '... and count it once');
is_problem($g->call(GET => "/v1/users/$busy->{userId}/progress",
    as => $user), 404, 'NOT_FOUND', 'which is nobody else\'s to know');

done_testing;
