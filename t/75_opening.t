#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# The moment when an event opens: each claim is refused or granted, whichever
# side it falls on, and no worker minds the moment between two looks at the
# clock.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX qw(strftime floor);
use Test::More;
use Time::HiRes qw(time);
use Guerdon::Assert;
use Guerdon::Http qw(http_all);
use Guerdon::Stack;

my $g = Guerdon::Stack->new(workers => 4);
my @users = map { $g->new_user } 1 .. 12;
my $workers = join ' ', sort $g->workers('event');

sub instant {
	my ($t) = @_;
	return strftime('%Y-%m-%dT%H:%M:%S', gmtime floor($t)) .
	    sprintf '.%03dZ', 1000 * ($t - floor($t));
}

for my $round (1 .. 4) {
	my $opens = time + 0.8;
	my $event = $g->new_event(startsAt => instant($opens));
	my $path = "/v1/events/$event->{eventId}/claims";
	my (%count, %granted);

	while (time < $opens + 0.3) {
		my @answers = http_all(map { $g->request(POST => $path,
		    as => $_) } @users);
		$count{$_->brief}++ for @answers;
		$granted{$_}++ for grep { $answers[$_]->status == 201 }
		    0 .. $#answers;
	}
	is(join(', ', sort keys %count), '201, 409 ALREADY_CLAIMED, ' .
	    '409 EVENT_NOT_OPEN', "round $round: before, once, after");
	is(join(' ', map { $granted{$_} // 0 } 0 .. $#users),
	    join(' ', (1) x @users), '... each user once');
}
is(join(' ', sort $g->workers('event')), $workers, 'no worker has died');

done_testing;
