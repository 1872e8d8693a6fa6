#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# guerdon sweep removes limits whose event was never made, and no others.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;
use Guerdon::Mongo;
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
my $m = Guerdon::Mongo->new($g);
my $user = $g->new_user;

# The same id, as if it had been made so many days ago [ULID].
sub aged {
	my ($id, $days) = @_;
	my @digits = split //, '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
	my ($prefix, $random) = $id =~ /^(..)_.{10}(.+)$/;
	my ($ms, $text) = (int((time - 86400 * $days) * 1000), '');

	for (1 .. 10) {
		$text = $digits[$ms % 32] . $text;
		$ms = int($ms / 32);
	}
	return "${prefix}_$text$random";
}

# Another limit like one that the product made, of an event that isn't there.
my $event = $g->new_event(claimLimit => 9, rewards => [{type => 'ITEM',
    name => 'R', quantity => 1, stock => 5}]);
my ($limit) = $m->find('stock', [_id => $event->{rewards}[0]{rewardId}]);

sub plant {
	my ($days, %o) = @_;
	my $id = aged($limit->{_id}, $days);

	$m->command(insert => 'stock', documents => \[[_id => $id,
	    eventId => $o{event} // aged($event->{eventId}, $days),
	    total => 5, left => $o{left} // 5, held => []]]);
	return $id;
}
my $stray = plant(3);
my $young = plant(1);
my $taken = plant(4, left => 4);
my $other = plant(5, event => $event->{eventId});

# One that an old event has, and its own limit.
$m->command(insert => 'events', documents => \[[_id => aged(
    $event->{eventId}, 6), rewards => \[[rewardId => aged($limit->{_id}, 6)]]]]);
my $old = plant(6);

my ($out, $status) = $g->guerdon('sweep');
is($status, 0, 'guerdon sweep') or diag($out);
my %there = map { $_->{_id} => 1 } $m->find('stock', []);
ok(!$there{$stray}, 'a limit without an event is gone');
ok($there{$young}, '... but not after a day');
ok($there{$taken}, '... nor one that somebody took from');
ok(!$there{$other}, 'one whose event has no such reward is gone');
ok($there{$old}, '... but not one of an event that has it');
ok($there{$limit->{_id}} && $there{$event->{eventId}},
    'those of the event are there');
is($g->claim($event, $user)->status, 201, '... and it can be claimed');

done_testing;
