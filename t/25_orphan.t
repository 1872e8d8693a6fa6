#!/usr/bin/env perl
# SPDX-License-Identifier: BSD-2-Clause
# A supervisor that is killed takes its workers along, also those that it has
# only just started.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);
use Guerdon::Stack;

my $g = Guerdon::Stack->new;
$g->stop_pool('event');

my $left = 0;
for my $round (1 .. 8) {
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		POSIX::setsid();
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', '/dev/null';
		open STDERR, '>', '/dev/null';
		exec 'spawn-fcgi', '-n', '-s', "$g->{home}/run/other.sock",
		    '--', '/usr/bin/multiwatch', '-s', 'TERM', '-f', 4, '--',
		    Guerdon::Stack::build() . '/bin/fcgi-event', '-c',
		    $g->conf_path;
		POSIX::_exit(1);
	}
	sleep 0.004 + 0.006 * $round;
	kill 'KILL', $pid;
	waitpid $pid, 0;
	# Whoever is left is of the group of its dead supervisor.
	$g->wait_for(sub { !kill 0, -$pid }, 4) and next;
	$left++;
	kill 'KILL', -$pid;
}
is($left, 0, 'no worker outlives its supervisor, in 8 rounds');

done_testing;
