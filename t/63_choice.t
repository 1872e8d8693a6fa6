#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# An event that gives ONE of its rewards: the claimant names it, and only that
# one's stock is taken.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my @users = map { $g->new_user } 1 .. 4;
my $event = $g->new_event(choice => 'ONE', rewards => [
    {type => 'ITEM', name => 'sword', quantity => 1, stock => 1},
    {type => 'ITEM', name => 'shield', quantity => 1}]);
my ($sword, $shield) = map { $_->{rewardId} } @{$event->{rewards}};

sub choose { return $g->claim($event, $_[0], json => {rewardId => $_[1]}) }

is($event->{choice}, 'ONE', 'one of two');
has_fault($g->claim($event, $users[0]), '/rewardId', 'REQUIRED',
    'the claimant has to choose');
has_fault(choose($users[0], 'rw_00000000000000000000000000'), '/rewardId',
    'NO_SUCH_REWARD', '... from what is there');
my $res = choose($users[0], $sword);
is_status($res, 201, 'the sword');
is_deeply([map { $_->{rewardId} } @{$res->get('rewards')}], [$sword],
    '... alone is granted');
is_deeply([map { $_->{rewardId} } @{$res->json->{snapshot}{rewards}}],
    [$sword, $shield], '... and the snapshot has what could be chosen');
is_problem(choose($users[0], $shield), 409, 'ALREADY_CLAIMED',
    'not the shield as well');
is_problem($g->claim($event, $users[0]), 409, 'ALREADY_CLAIMED',
    '... and a claim without a choice is told the same');
is_problem(choose($users[1], $sword), 409, 'SOLD_OUT', 'no second sword');
is_status(choose($users[1], $shield), 201, '... but a shield');
my ($record) = $g->audit("eventId=$event->{eventId}&userId=" .
    "$users[1]{userId}&code=GRANTED", 1);
is_deeply($record->{request}{body}, {rewardId => $shield},
    'the audit has the choice');

my $all = $g->new_event;
has_fault($g->claim($all, $users[0], json => {rewardId =>
    $all->{rewards}[0]{rewardId}}), '/rewardId', 'NOT_WANTED',
    'where all are given there is nothing to choose');
my $empty = $g->new_event(choice => 'ONE', rewards => []);
is_problem($g->claim($empty, $users[2]), 409, 'NO_REWARDS',
    'nothing to choose from');

# From ONE to ALL.
is_status($g->call(PATCH => "/v1/events/$event->{eventId}", as => 'OPERATOR',
    json => {choice => 'ALL'}, headers => ['If-Match', '*']), 200,
    'it gives all from now on');
is_problem($g->claim($event, $users[2]), 409, 'SOLD_OUT',
    '... which there is no more');

done_testing;
