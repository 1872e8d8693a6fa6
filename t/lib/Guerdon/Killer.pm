# SPDX-License-Identifier: BSD-2-Clause
package Guerdon::Killer;

# A process that kills a worker every 100 ms, of these pools in turn, and the
# stack's own database now and then.  It ends when it is told to, or after two
# minutes.
#
#	my $killer = Guerdon::Killer->new($g, pools => [qw(event gw)],
#	    databases => 5);
#	...
#	$killer->stop;		were there any kills?

use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(sleep time);

sub new {
	my ($class, $g, %o) = @_;
	my $pid = fork // die "fork: $!";

	if ($pid == 0) {
		my $kills = eval { work($g, $o{databases} // 0,
		    @{$o{pools}}) } // 0;
		print STDERR "# the killer: $@" if $@;
		POSIX::_exit($kills > 0 ? 0 : 1);
	}
	return bless {pid => $pid, owner => $$}, $class;
}

sub work {
	my ($g, $databases, @pools) = @_;
	my ($end, $stop, $n, $kills) = (time + 120, 0, 0, 0);
	my $next_database = time + 1;

	local $SIG{TERM} = sub { $stop = 1 };
	while (!$stop && time < $end) {
		my @workers = $g->workers($pools[$n++ % @pools]);
		$kills += kill KILL => $workers[rand @workers] if @workers;
		if ($databases > 0 && time > $next_database) {
			$g->stop_database('--kill');
			$g->start_database;
			$next_database = time + 1;
			$databases--;
		}
		sleep 0.1;
	}
	return $kills;
}

sub stop {
	my ($self) = @_;
	my $pid = delete $self->{pid} // return 0;

	local $?;
	kill TERM => $pid;
	waitpid $pid, 0;
	return $? == 0;
}

sub DESTROY { $_[0]->stop if $_[0]{owner} == $$ }

1;
