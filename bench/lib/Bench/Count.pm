# SPDX-License-Identifier: BSD-2-Clause
package Bench::Count;

# How many commands a stack sends to its database: a process between the two
# passes all bytes on, and counts the messages by the command's name.  Its own
# work slows the database down, so nothing is timed while it is there.
#
#	my $count = Bench::Count->new($uri);	connect to $count->{uri}
#	my $before = $count->read;		{find => 3, insert => 1}

use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(AF_UNIX PF_UNSPEC SOCK_STREAM);

# How the driver keeps in touch; no operation's work.
my %aside = map { $_ => 1 } qw(hello isMaster ismaster ping endSessions);

sub new {
	my ($class, $uri) = @_;
	my ($host, $port) = $uri =~ m{^mongodb://([^:/,]+):(\d+)/?$} or
	    die "commands can't be counted: not host:port alone: $uri\n";
	my $listener = IO::Socket::INET->new(Listen => 64,
	    LocalAddr => '127.0.0.1', ReuseAddr => 1) or die "listen: $!\n";
	my $self = bless {owner => $$, uri => sprintf('mongodb://127.0.0.1:%d/',
	    $listener->sockport)}, $class;

	socketpair($self->{control}, my $theirs, AF_UNIX, SOCK_STREAM,
	    PF_UNSPEC) or die "socketpair: $!\n";
	$self->{pid} = fork // die "fork: $!\n";
	if ($self->{pid} == 0) {
		close $self->{control};
		eval { serve($listener, $theirs, $host, $port) };
		print STDERR "bench: the counter: $@" if $@;
		POSIX::_exit(0);
	}
	return $self;
}

# Take the whole messages off the front of the buffer, and count them.
sub count {
	my ($counts, $buffer) = @_;

	while (length $$buffer >= 4) {
		my $length = unpack 'V', $$buffer;
		last if length $$buffer < $length;
		my $message = substr $$buffer, 0, $length, '';
		# OP_MSG: header 16, flags 4, kind 1, length 4, type 1, name
		my ($operation) = unpack 'x12 V', $message;
		my ($name) = unpack 'x26 Z*', $message;
		next if $operation != 2013 || $aside{$name};
		$counts->{$name}++;
	}
}

sub pass {
	my ($to, $bytes) = @_;
	my $done = 0;

	while ($done < length $bytes) {
		$done += syswrite($to, $bytes, length($bytes) - $done, $done)
		    // return 0;
	}
	return 1;
}

# All of the process's life.
sub serve {
	my ($listener, $control, $host, $port) = @_;
	my $select = IO::Select->new($listener, $control);
	my (%peer, %buffer, %counts);

	local $SIG{PIPE} = 'IGNORE';
	for (;;) {
		for my $fh ($select->can_read) {
			if ($fh == $listener) {
				my $in = $listener->accept or next;
				my $out = IO::Socket::INET->new(PeerAddr =>
				    $host, PeerPort => $port) or next;
				setsockopt $_, Socket::IPPROTO_TCP(),
				    Socket::TCP_NODELAY(), 1 for $in, $out;
				@peer{$in, $out} = ($out, $in);
				$buffer{$in} = '';
				$select->add($in, $out);
				next;
			}
			my $got = sysread $fh, my $bytes, 1 << 17;
			if ($fh == $control) {
				return if !$got;
				pass($control, join(' ', %counts) . "\n");
				next;
			}
			my $peer = $peer{$fh} or next;
			if ($got && defined $buffer{$fh}) {
				$buffer{$fh} .= $bytes;
				count(\%counts, \$buffer{$fh});
			}
			next if $got && pass($peer, $bytes);
			$select->remove($fh, $peer);
			delete @peer{$fh, $peer};
			delete @buffer{$fh, $peer};
			close $_ for $fh, $peer;
		}
	}
}

sub read {
	my ($self) = @_;

	syswrite $self->{control}, '?' or die "the counter is gone\n";
	my $line = readline $self->{control};
	die "the counter is gone\n" if !defined $line;
	chomp $line;
	return {split / /, $line};
}

sub DESTROY {
	my ($self) = @_;

	return if $self->{owner} != $$;
	local ($?, $!);
	close $self->{control};
	waitpid $self->{pid}, 0;
}

1;
