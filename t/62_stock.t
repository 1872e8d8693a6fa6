#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Limited stock and limits of claims: what is there, who gets none, what an
# operator sees and may change.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Mongo;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $m = Guerdon::Mongo->new($g);
my @users = map { $g->new_user } 1 .. 6;
my %coupon = (type => 'COUPON', name => 'C', quantity => 1);

sub event { return $g->call(GET => "/v1/events/$_[0]{eventId}",
    as => 'OPERATOR') }

sub patch {
	my ($path, $json, $tag) = @_;

	return $g->call(PATCH => $path, as => 'OPERATOR', json => $json,
	    headers => ['If-Match', $tag // '*']);
}

# Wait until what is read is fresh: 250 ms at most.
sub left {
	my ($event, $want) = @_;
	my $got;

	$g->wait_for(sub { ($got = event($event)->get('rewards')->[0]{left})
	    == $want }, 1);
	return $got;
}

# Two for three users.
my $event = $g->new_event(rewards => [{%coupon, stock => 2}]);
my ($reward) = @{$event->{rewards}};
is($reward->{stock}, 2, 'a stock of two');
ok(!exists $reward->{left}, '... what is left is not in the first answer');
my $res = event($event);
is_deeply([@{$res->get('rewards')->[0]}{qw(stock left granted)}], [2, 2, 0],
    'two are left');
like($res->header('ETag'), qr/^"1-[0-9a-f]+"$/, '... and the ETag knows');
my $tag = $res->header('ETag');
is_status($g->claim($event, $users[0]), 201, 'the first claim');
is_status($g->claim($event, $users[1]), 201, 'the second');
is_problem($g->claim($event, $users[2]), 409, 'SOLD_OUT', 'the third');
is_problem($g->claim($event, $users[0]), 409, 'ALREADY_CLAIMED',
    'who has claimed is told so, and not that there is nothing left');
is(left($event, 0), 0, 'none is left');
$res = $g->call(GET => "/v1/events/$event->{eventId}", as => 'USER',
    headers => ['If-None-Match', $tag]);
is_status($res, 200, 'it is not what it was');
is_status($g->call(GET => "/v1/events/$event->{eventId}", as => 'USER',
    headers => ['If-None-Match', $res->header('ETag')]), 304,
    '... but what it is');
$res = $g->call(GET => "/v1/rewards/$reward->{rewardId}", as => 'USER');
is_deeply([map { $res->get($_) } qw(stock left granted)], [2, 0, 2],
    'the reward says so, too');
my ($listed) = @{$g->call(GET => "/v1/rewards?eventId=$event->{eventId}",
    as => 'USER')->get('items')};
is($listed->{stock}, 2, 'a list has the stock');
ok(!exists $listed->{left}, '... and not what is left');

# More, fewer, too few, no limit, a limit again.
my $path = "/v1/rewards/$reward->{rewardId}";
is_problem(patch($path, {stock => 1}), 409, 'LIMIT_TOO_LOW',
    'fewer than are granted');
is($g->call(GET => $path, as => 'USER')->get('stock'), 2, '... changes nothing');
$res = patch($path, {stock => 3}, $g->call(GET => $path,
    as => 'OPERATOR')->header('ETag'));
is_status($res, 200, 'one more, under the ETag that was read');
is($res->get('stock'), 3, '... says the answer');
is(left($event, 1), 1, '... and the event');
is_status($g->claim($event, $users[2]), 201, 'it can be claimed');
is_problem($g->claim($event, $users[3]), 409, 'SOLD_OUT', '... once');
is_status(patch($path, {stock => undef}), 200, 'no limit');
is_status($g->claim($event, $users[3]), 201, '... and anybody gets one');
ok(!exists event($event)->get('rewards')->[0]{left}, '... none is "left"');
is_status(patch($path, {stock => 3}), 200, 'the limit is back');
is_problem($g->claim($event, $users[4]), 409, 'SOLD_OUT',
    '... and counts what it counted');
is_status($g->call(POST => "/v1/events/$event->{eventId}/rewards",
    as => 'OPERATOR', json => {%coupon, stock => 0}), 201,
    'a reward of which there are none');
is_problem($g->claim($event, $users[4]), 409, 'SOLD_OUT',
    '... nobody gets the event any more');

# All or nothing: what was taken before is given back.
my $mixed = $g->new_event(rewards => [{%coupon, stock => 5},
    {%coupon, stock => 1}, {%coupon}]);
is_status($g->claim($mixed, $users[0]), 201, 'all of three');
is_problem($g->claim($mixed, $users[1]), 409, 'SOLD_OUT', 'one is gone');
is_deeply([map { $_->{left} } @{event($mixed)->get('rewards')}],
    [4, 0, undef], '... and what was taken of the other is back')
    if is(left($mixed, 4), 4, 'four are left');

# The limit of all claims.
my $limited = $g->new_event(claimLimit => 2);
is($limited->{claimLimit}, 2, 'two claims in all');
is_status($g->claim($limited, $users[$_]), 201, 'one') for 0, 1;
is_problem($g->claim($limited, $users[2]), 409, 'SOLD_OUT', 'no third');
$g->wait_for(sub { event($limited)->get('claimsLeft') == 0 }, 1);
is_deeply([map { event($limited)->get($_) } qw(claimsLeft claimsGranted)],
    [0, 2], 'both are gone');
is_problem(patch("/v1/events/$limited->{eventId}", {claimLimit => 1}), 409,
    'LIMIT_TOO_LOW', 'not fewer');
is_status(patch("/v1/events/$limited->{eventId}", {claimLimit => 3}), 200,
    'but more');
is_status($g->claim($limited, $users[2]), 201, '... for one more');

# What is remembered until it is settled goes by itself.
is($g->wait_for(sub { $m->count('stock', [held => ['$ne' => []]]) == 0 }, 3)
    ? 0 : 1, 0, 'no hold remains');

# Input.
is_problem($g->call(POST => '/v1/events', as => 'OPERATOR', json => {
    title => 'T', startsAt => '2020-01-01T00:00:00Z',
    endsAt => '2090-01-01T00:00:00Z', claimLimit => -1,
    rewards => [{%coupon, stock => 1.5}]}), 400, 'VALIDATION_FAILED',
    'no such limits');

# While there is plenty a claim doesn't look first whether the user has one:
# then the unique key says so, and the unit goes back.
$event = $g->new_event(rewards => [{%coupon, stock => 5000}]);
my @res = http_all(map { $g->request(POST =>
    "/v1/events/$event->{eventId}/claims", as => $users[0]) } 1 .. 32);
is(join(' ', sort map { $_->status } @res), join(' ', 201, (409) x 31),
    'one user, 32 claims at once: one');
is(scalar(grep { $_->status == 409 && $_->get('code') eq 'ALREADY_CLAIMED' }
    @res), 31, '... the others are told so');
$g->stack('restart-pool', 'event');
is_problem($g->claim($event, $users[0]), 409, 'ALREADY_CLAIMED',
    '... and later');
is_status($g->claim($event, $users[1]), 201, 'somebody else');
is(left($event, 4998), 4998, 'two are gone');

done_testing;
