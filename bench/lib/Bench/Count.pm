# SPDX-License-Identifier: BSD-2-Clause
package Bench::Count;

# How many commands a stack sends to its database: a process between the two
# passes all on, and counts the messages by the command's name.  Its own work
# slows the database down, so nothing is timed while it is there.
#
#	my $count = Bench::Count->new($uri);	connect to $count->{uri}
#	my $before = $count->read;		{find => 3, insert => 1}

use strict;
use warnings;
use parent 'Guerdon::Relay';

# How the driver keeps in touch; no operation's work.
my %aside = map { $_ => 1 } qw(hello isMaster ismaster ping endSessions);

sub read { return {split / /, $_[0]->ask('read')} }

# --- the process ------------------------------------------------------------

sub obey { return join ' ', %{$_[0]{counts} // {}} }

sub hold_back {
	my ($P, $fh, $message) = @_;
	my ($name) = $P->{ask}{$fh} ? Guerdon::Relay::command($message) : ();

	$P->{counts}{$name}++ if defined $name && !$aside{$name};
	return 0;
}

1;
