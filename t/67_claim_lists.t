#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Lists of claims: one's own, and all with filters by user, event, state and
# time, newest first.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Time::HiRes qw(sleep);
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my @users = map { $g->new_user } 1 .. 3;
my @events = map { $g->new_event } 1 .. 4;
my @claims;

# In an order that is neither by user nor by event; some time in between.
for my $i (0 .. 11) {
	unshift @claims, $g->claim($events[$i % 4], $users[$i % 3])->json;
	sleep 0.01 if $i % 3 == 2;
}
is(scalar(grep { $_->{claimId} } @claims), 12, 'twelve claims');

sub ids { return [map { $_->{claimId} } @_] }
sub listed { return ids($g->list("/v1/claims?$_[0]", as => $_[1] // 'AUDITOR')) }

is_deeply(listed("limit=$_"), ids(@claims), "all, by $_") for 1, 5, 12, 100;
is_deeply(listed('limit=5', $_), ids(@claims), "$_ sees all")
    for qw(OPERATOR ADMIN);
is_deeply([$g->list('/v1/claims?limit=5', as => 'AUDITOR')], \@claims,
    'each whole');
for my $u (@users) {
	my @own = grep { $_->{userId} eq $u->{userId} } @claims;
	is_deeply(listed("userId=$u->{userId}&limit=3"), ids(@own),
	    'those of a user');
	is_deeply(ids($g->list('/v1/users/me/claims?limit=3', as => $u)),
	    ids(@own), '... whose own list they are');
}
for my $e (@events) {
	my @of = grep { $_->{eventId} eq $e->{eventId} } @claims;
	is_deeply(listed("eventId=$e->{eventId}&limit=2"), ids(@of),
	    'those of an event');
	is_deeply(listed("eventId=$e->{eventId}&userId=$users[1]{userId}"),
	    ids(grep { $_->{userId} eq $users[1]{userId} } @of),
	    '... of a user');
}
is_deeply(listed('state=GRANTED&limit=5'), ids(@claims), 'the granted ones');
has_fault($g->call(GET => '/v1/claims?state=VOID', as => 'AUDITOR'), '?state',
    'no other state');
is_deeply(listed("userId=$_"), [], "userId=$_: none") for 'nonsense',
    'us_00000000000000000000000000';

# from <= createdAt < to.
for my $i (0, 3, 7, 11) {
	my $at = $claims[$i]{createdAt};
	is_deeply(listed("from=$at&limit=5"),
	    ids(grep { $_->{createdAt} ge $at } @claims), "from $at");
	is_deeply(listed("to=$at&limit=5"),
	    ids(grep { $_->{createdAt} lt $at } @claims), "to $at");
	is_deeply(listed("from=$at&to=$claims[0]{createdAt}&limit=2"),
	    ids(grep { $_->{createdAt} ge $at &&
	    $_->{createdAt} lt $claims[0]{createdAt} } @claims),
	    '... and in between');
}
is_deeply(listed('from=2020-01-01T00:00:00Z&limit=5'), ids(@claims),
    'from long ago');
is_deeply(listed('to=2020-01-01T00:00:00Z'), [], 'to long ago');
is_deeply(listed('from=2099-01-01T00:00:00%2B01:00'), [], 'from far away');
is_deeply(listed("from=$claims[0]{createdAt}&to=$claims[11]{createdAt}"), [],
    'from after to: nothing');
is_deeply(listed('to=1960-01-01T00:00:00Z'), [], 'before all time');
is_deeply(listed('from=1960-01-01T00:00:00Z&to=9999-12-31T23:59:59Z&limit=7'),
    ids(@claims), 'all of time');
has_fault($g->call(GET => "/v1/claims?$_=x", as => 'AUDITOR'), "?$_",
    "no time: $_") for qw(from to);
has_fault($g->call(GET => '/v1/claims?from=2026-01-01T00:00:00+01:00',
    as => 'AUDITOR'), '?from', 'a plus in a query is a space');

# Cursors: of the list, its filters, and for one's own of the caller.
my $next = $g->call(GET => '/v1/users/me/claims?limit=1', as => $users[0])
    ->get('next');
is_status($g->call(GET => "/v1/users/me/claims?cursor=$next", as => $users[0]),
    200, 'a cursor of one\'s own list');
is_problem($g->call(GET => "/v1/users/me/claims?cursor=$next", as => $users[1]),
    400, 'INVALID_CURSOR', '... is not for another user');
is_problem($g->call(GET => "/v1/claims?cursor=$next", as => 'AUDITOR'), 400,
    'INVALID_CURSOR', '... nor for the list of all');
$next = $g->call(GET => "/v1/claims?limit=1&userId=$users[0]{userId}",
    as => 'AUDITOR')->get('next');
is_problem($g->call(GET => "/v1/claims?userId=$users[1]{userId}&cursor=$next",
    as => 'AUDITOR'), 400, 'INVALID_CURSOR', '... nor for another filter');
is_deeply([$g->list('/v1/users/me/claims', as => 'OPERATOR')], [],
    'who has no claims has an empty list');
is_status($g->call(GET => '/v1/claims', as => 'USER'), 403,
    'a USER has no list of all');

done_testing;
