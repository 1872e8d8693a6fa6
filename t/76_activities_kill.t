#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# Batches of activities that overlap, each sent until it is answered, while an
# event worker is killed every 100 ms: the daily sums are those of the distinct
# activities, none lost and none counted twice.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX qw(strftime);
use Test::More;
use Guerdon::Http qw(http_drive);
use Guerdon::Killer;
use Guerdon::Mongo;
use Guerdon::Stack;

use constant {
	ACTIVITIES => 4000,
	BATCH => 40,
	BATCHES => 250,
	DAY => 86400,
	DAYS => 2,
};

my $g = Guerdon::Stack->new(workers => 4);
my $m = Guerdon::Mongo->new($g);
my @users = map { $_->{userId} } $g->new_people(5);
my @metrics = qw(login purchase);
my $now = time;

# What is reported, and what it amounts to.
my %want;
my @activities = map {
	my $user = $users[$_ % @users];
	my $metric = $metrics[rand @metrics];
	my $at = $now - DAY * int rand DAYS;
	my $amount = 1 + int rand 1000;
	my $sum = $want{$user}{"$metric " . strftime('%F', gmtime $at)} //=
	    [0, 0];

	$sum->[0] += $amount;
	$sum->[1]++;
	{activityId => "a-$_", userId => $user, metric => $metric,
	    amount => $amount, at => strftime('%FT%TZ', gmtime $at)};
} 1 .. ACTIVITIES;

# Each is in one batch at least, and in two or three on average.
my @queue = map {
	my $n = $_;
	{activities => [map { $activities[($n * BATCH / 2 + $_ <
	    @activities && $_ < BATCH / 2) ? $n * BATCH / 2 + $_ :
	    rand @activities] } 0 .. BATCH - 1]};
} 0 .. BATCHES - 1;
my (%sent, %odd);
$sent{$_->{activityId}}++ for map { @{$_->{activities}} } @queue;
is(scalar keys %sent, ACTIVITIES, 'each activity is in a batch');

my ($answered, $unknown, $accepted) = (0, 0, 0);
my $killer = Guerdon::Killer->new($g, pools => ['event']);
$g->token('OPERATOR');
http_drive(at => 12, until => 110,
    next => sub {
	my $batch = shift @queue // return;
	return {%{$g->request(POST => '/v1/activities', as => 'OPERATOR',
	    json => $batch)}, batch => $batch};
    },
    done => sub {
	my ($req, $res) = @_;

	if ($res->status == 200) {
		$answered++;
		$accepted += $res->get('accepted');
		$odd{'not all are counted'}++ if $res->get('accepted') +
		    $res->get('duplicates') != BATCH;
		return;
	}
	$unknown++;
	$odd{$res->brief}++ if $res->status && $res->status < 500;
	push @queue, $req->{batch};
    },
    tick => sub { $answered == BATCHES });
ok($killer->stop, 'event workers were killed meanwhile');
is($answered, BATCHES, 'each batch is answered');
is_deeply(\%odd, {}, '... and nothing odd');
cmp_ok($accepted, '<=', ACTIVITIES, 'at most all are accepted');
ok($g->wait_for(sub { $g->ready && $g->whole }, 20),
    'the stack is whole again');

# What killed workers left is 30 s old by then.
my $tries = $m->count('tries', []);
diag("$unknown attempts without an answer, $tries tries left behind");
cmp_ok($tries, '>', 0, 'killed workers have left something');
my ($out, $status);
ok($g->wait_for(sub {
	($out, $status) = $g->guerdon('sweep');
	return $status == 0 && $m->count('tries', []) == 0;
    }, 90), 'a sweep finishes it') or diag($out);
is($m->count('activities', []), ACTIVITIES, 'all are stored');
is($m->count('progress', [pending => ['$ne' => []]]), 0,
    'nothing is announced any more');
for my $user (@users) {
	my %got = map { ("$_->{metric} $_->{day}" => [@$_{qw(sum count)}]) }
	    @{$g->call(GET => "/v1/users/$user/progress",
	    as => 'OPERATOR')->get('days')};
	is_deeply(\%got, $want{$user}, 'sums and counts of a user');
}

done_testing;
