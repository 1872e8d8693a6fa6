#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# What event keeps: documents that embed what belongs together, times as dates,
# numbers as integers, and one claim per user and event by a unique index.
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
my $event = $g->new_event(startsAt => '2020-01-01T09:00:00.250+09:00',
    rewards => [{type => 'CASH', name => 'C', quantity => 9007199254740991,
    details => {n => -5, t => 'x', b => JSON::PP::false}}]);
my $claim = $g->claim($event, 'USER')->json;

my ($doc) = $m->find('events', [_id => $event->{eventId}]);
is($doc->{startsAt}, 1577836800250, 'a time is a date, in UTC');
my $reward = $doc->{rewards}[0];
is($reward->{rewardId}, $event->{rewards}[0]{rewardId}, 'a reward is in its event');
is($reward->{quantity}, 9007199254740991, '... its quantity whole');
is_deeply($reward->{details}, {n => -5, t => 'x', b => 0}, '... its details');
is($m->count('rewards', []), 0, '... and in no other collection');

my ($stored) = $m->find('claims', [_id => $claim->{claimId}]);
is($stored->{period}, 'ALL', 'a claim is for all time');
is($stored->{userId}, $claim->{userId}, '... of the user');
is($stored->{eventId}, $claim->{eventId}, '... on the event');
is($stored->{snapshot}{event}{title}, $event->{title}, '... with the event');
is_deeply($stored->{snapshot}{rewards}, $doc->{rewards}, '... and its rewards');
is($stored->{traceId}, $claim->{traceId}, '... and the trace');

# The index decides, not a read: a second document can't be.
my $copy = [_id => 'cl_copy', userId => $claim->{userId},
    eventId => $claim->{eventId}, period => 'ALL', state => 'GRANTED'];
ok(!eval { $m->insert('claims', $copy); 1 }, 'a second claim is refused');
like($@, qr/duplicate|unique|E11000|conflict/i, '... by the unique index');
ok(eval { $m->insert('claims', [@$copy[0 .. 5], period => '2020-01']); 1 },
    'for another period it is not') or diag($@);
$m->remove('claims', [_id => 'cl_copy']);

# The audit record.
$g->audit("traceId=$claim->{traceId}", 1);
my ($record) = $m->find('audit', [traceId => $claim->{traceId}]);
is($record->{result}{claimId}, $claim->{claimId}, 'a record names the claim');
cmp_ok(abs($record->{at} / 1000 - time), '<', 60, '... its time is a date');
is(members($record), '_id at durationMs eventId operation request result ' .
    'traceId userId', '... and no more is kept');

done_testing;
