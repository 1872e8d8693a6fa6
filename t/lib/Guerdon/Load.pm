# SPDX-License-Identifier: BSD-2-Clause
package Guerdon::Load;

# A bounded load on a stack, for tests that disturb it: lists, "who am I" and
# claims, a few at a time, from this one process.  What became of each is kept.
#
#	my $load = Guerdon::Load->new($g, users => 5, events => 60);
#	$load->run(until => 20, tick => sub { ...; return $done });

use strict;
use warnings;
use Time::HiRes qw(time);
use Guerdon::Http qw(http_drive);

# Users and events are made at once: each pair of them is good for one claim.
sub new {
	my ($class, $g, %o) = @_;
	my @users = map { $g->new_user } 1 .. $o{users} // 5;
	my @events = map { $g->new_event } 1 .. $o{events} // 60;
	my @pairs = map { my $e = $_; map { [$e, $_] } @users } @events;

	return bless {g => $g, users => \@users, pairs => \@pairs, count => 0,
	    at => $o{at} // 8, claims => [], failed => [], odd => []}, $class;
}

sub next_request {
	my ($self) = @_;
	my $g = $self->{g};
	my $n = $self->{count}++;
	my $user = $self->{users}[$n % @{$self->{users}}];

	if ($n % 4 == 0 && @{$self->{pairs}}) {
		my ($event, $who) = @{shift @{$self->{pairs}}};
		return {%{$g->request(POST => "/v1/events/$event->{eventId}/claims",
		    as => $who)}, want => 201, event => $event, user => $who};
	}
	return {%{$g->request(GET => $n % 4 == 1 ? '/v1/users/me' :
	    '/v1/events?limit=5', as => $user)}, want => 200};
}

# A failure is no answer, or one that says that a worker is away; any other
# answer that was not wanted is odd.
sub done {
	my ($self, $req, $res) = @_;

	if (!$res->status || $res->error || $res->status >= 500) {
		push @{$self->{failed}}, $res;
	} elsif ($res->status != $req->{want}) {
		push @{$self->{odd}}, $res;
	} elsif ($req->{want} == 201) {
		push @{$self->{claims}}, $res;
	}
}

# Run until ${tick} says that it is done, at most ${until} seconds.  It is
# asked every 20 ms or so.
sub run {
	my ($self, %o) = @_;
	my $last = 0;

	http_drive(at => $self->{at}, until => $o{until},
	    next => sub { $self->next_request },
	    done => sub { $self->done(@_) },
	    tick => sub {
		return 0 if time - $last < 0.02;
		$last = time;
		return $o{tick}->();
	    });
}

# Disturb the workers one after the other, under load: ${act} is done to each
# pid, then ${healed} is asked until it is true, at most ${patience} seconds,
# and a moment is let pass.  Gives [pool, pid, when, seconds until healed].
sub disturb {
	my ($self, $act, $healed, $patience, @workers) = @_;
	my ($now, $at, @done) = (undef, time + 0.2);

	$self->run(until => 2 * $patience * @workers + 5, tick => sub {
		if ($now) {
			my $took = time - $now->[2];
			return 0 if !$healed->(@$now) && $took < $patience;
			push @done, [@$now, $took];
			($now, $at) = (undef, time + 0.1);
			return 0;
		}
		return 0 if time < $at;
		my $next = shift @workers or return 1;
		$now = [@$next, time];
		$act->(@$next);
		return 0;
	});
	return @done;
}

# Failures that were not in flight at any of these times.
sub stray {
	my ($self, @times) = @_;

	return grep { my $r = $_; !grep { $r->begun <= $_ + 0.01 &&
	    $r->ended >= $_ } @times } @{$self->{failed}};
}

1;
