#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# The audit spool: attempts that were answered get into the audit although the
# database was away and every event worker was killed -9, and a pool of fewer
# workers ships what the others left.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Mongo;
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 3, devdb => 1);
my @users = map { $g->new_user } 1 .. 6;
$g->token('AUDITOR');

sub claim_all {
	my ($event) = @_;
	return http_all(map { my $u = $_; map { $g->request(POST =>
	    "/v1/events/$event->{eventId}/claims", as => $u) } 1 .. 3 } @users);
}

sub recorded {
	my (@answers) = @_;
	my %have = map { $_->{traceId} => $_->{result} }
	    $g->list('/v1/audit?limit=100', as => 'AUDITOR');
	return !grep { my $r = $have{$_->trace};
	    !$r || $r->{status} != $_->status ||
	    $r->{claimId} ne $_->get('claimId') } @answers;
}

for my $round (1 .. 3) {
	my @answers = claim_all($g->new_event);
	my %count;
	$count{$_->brief}++ for @answers;
	is_deeply(\%count, {201 => 6, '409 ALREADY_CLAIMED' => 12},
	    "round $round: 18 attempts") or diag(explain(\%count));
	# Not all of them are shipped yet.
	$g->stop_database('--kill');
	kill KILL => $g->workers('event');
	ok($g->wait_for(sub { $g->workers('event') == 5 }, 3),
	    '... then the database and all event workers are killed');
	ok(glob("$g->{home}/data/spool/*"), '... with spools left');
	$g->start_database;
	ok($g->wait_for(sub { $g->ready }, 8), '... it is back');
	ok($g->wait_for(sub { recorded(@answers) }, 8),
	    '... and so is each attempt, with its result');
}
my %ids;
$ids{$_->{auditId}}++ for $g->list('/v1/audit?limit=100', as => 'AUDITOR');
is(scalar(grep { $_ > 1 } values %ids), 0, 'none is there twice');

# A smaller pool: one worker looks after spools that are nobody's.
my @answers = claim_all($g->new_event);
$g->stop_database;
kill KILL => $g->workers('event');
kill KILL => $g->pool_pid('event');
$g->wait_for(sub { !-e '/proc/' . $g->pool_pid('event') . '/exe' }, 5);
$g->start_database;
$g->{workers} = 1;
$g->stack('start');
is(scalar $g->workers('event'), 3, 'a pool of three where five were');
ok($g->wait_for(sub { $g->ready }, 8), '... is ready');
ok($g->wait_for(sub { recorded(@answers) }, 20),
    '... and ships what the others left');

my $m = Guerdon::Mongo->new($g);
is($m->count('claims', []), 24, 'as many claims as were granted');
is($m->count('audit', []), 4 * 18, '... as many records as attempts');

done_testing;
