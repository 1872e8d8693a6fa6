#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Data of the first version: workers refuse it, guerdon init brings it to this
# one, what it meant then it means now, and claims keep what they saw.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Mongo;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $m = Guerdon::Mongo->new($g);
my $user = $g->new_user;
my $event = $g->new_event(rewards => [map { {type => 'ITEM', name => "R$_",
    quantity => $_} } 1 .. 3]);
my $bare = $g->new_event(rewards => []);
my $claim = $g->claim($event, $user)->json;

# What the first version stored had none of these.
my @new = qw(choice claimLimit conditions recurrence timeZone hours);
my @reward = qw(stock requiresApproval claimWindow);
for my $id ($event->{eventId}, $bare->{eventId}) {
	$m->update('events', [_id => $id],
	    ['$unset' => [map { ($_ => '') } @new]]);
}
$m->update('events', [_id => $event->{eventId}], ['$unset' =>
    [map { my $n = $_; map { ("rewards.$n.$_" => '') } @reward } 0 .. 2]]);
$m->update('claims', [_id => $claim->{claimId}], ['$unset' => [map {
    ("snapshot.event.$_" => '') } @new]]);
$m->update('schema', [_id => 'schema'], ['$set' => [version => 1]]);
my ($old) = $m->find('events', [_id => $event->{eventId}]);
ok(!exists $old->{choice} && !exists $old->{rewards}[2]{stock},
    'an event of the first version');
my ($before) = $m->find('claims', [_id => $claim->{claimId}]);

my ($out, $status) = $g->guerdon('check-config');
is($status, 1, 'it is refused');
like($out, qr/version 1.*guerdon init/s, '... with what to run');
($out, $status) = $g->guerdon('init');
is($status, 0, 'init') or diag($out);
like($out, qr/has version \d+ now/, '... says so');
is(($g->guerdon('check-config'))[1], 0, 'now it is good');
is(($g->guerdon('init'))[1], 0, '... and init may run again');

my ($now) = $m->find('events', [_id => $event->{eventId}]);
is($now->{choice}, 'ALL', 'all rewards are given');
is(join(' ', map { exists $_->{stock} && !defined $_->{stock} ? 'free' : '?' }
    @{$now->{rewards}}), 'free free free', '... each without a limit');
is_deeply([$m->find('claims', [_id => $claim->{claimId}])], [$before],
    'the claim is as it was');
my $path = "/v1/events/$event->{eventId}";
$g->stop;
$g->start;
my $res = $g->call(GET => $path, as => 'USER');
is_status($res, 200, 'the event can be read');
is_deeply([map { $res->get($_) } qw(choice recurrence timeZone claimLimit
    conditions hours)], ['ALL', 'NONE', 'UTC', undef, undef, undef],
    '... as what it was');
is_problem($g->claim($event, $user), 409, 'ALREADY_CLAIMED',
    'who has claimed then has claimed');
is_status($g->claim($event, $g->new_user), 201, '... others may');
is_status($g->call(GET => "/v1/claims/$claim->{claimId}", as => $user), 200,
    'the old claim can be read');

done_testing;
