# SPDX-License-Identifier: BSD-2-Clause
package Guerdon::Relay;

# A process between a stack and its database that passes on whole messages.
# Who inherits says what is done with them, in that process:
#
#	hold_back($P, $fh, $message)
#		a message of the wire has come whole on ${fh}; true: it stays,
#		with all that follows there, until $P->{hold}{$fh} is gone
#		and flow($P, $fh) is called
#	obey($P, @words)
#		the answer, a line, to the words that ask() was given
#
# $P->{ask}{$fh}: does ${fh} lead to the stack, so that it brings commands?

use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(AF_UNIX PF_UNSPEC SOCK_STREAM);

use constant OP_MSG => 2013;

sub new {
	my ($class, $uri) = @_;
	my ($host, $port) = $uri =~ m{^mongodb://([^:/,]+):(\d+)/?$} or
	    die "not host:port alone: $uri\n";
	my $listener = IO::Socket::INET->new(Listen => 64,
	    LocalAddr => '127.0.0.1', ReuseAddr => 1) or die "listen: $!\n";
	my $self = bless {owner => $$, uri => sprintf('mongodb://127.0.0.1:%d/',
	    $listener->sockport)}, $class;

	socketpair($self->{control}, my $theirs, AF_UNIX, SOCK_STREAM,
	    PF_UNSPEC) or die "socketpair: $!\n";
	$self->{pid} = fork // die "fork: $!\n";
	if ($self->{pid} == 0) {
		close $self->{control};
		$SIG{PIPE} = 'IGNORE';
		my $P = bless {listener => $listener, control => $theirs,
		    to => "$host:$port", peer => {}, ask => {}, buffer => {},
		    hold => {}, select => IO::Select->new($listener,
		    $theirs)}, $class;
		eval { serve($P) };
		print STDERR "# $class: $@" if $@;
		POSIX::_exit(0);
	}
	close $theirs;
	return $self;
}

# Say something to the process; its answer.
sub ask {
	my ($self, @words) = @_;

	syswrite $self->{control}, join(' ', @words) . "\n" or
	    die ref($self) . " is gone\n";
	my $line = readline $self->{control} // die ref($self) . " is gone\n";
	chomp $line;
	return $line;
}

# Command and collection of a message; nothing for what is no command.
sub command {
	my ($message) = @_;
	# header 16 with the operation, flags 4, kind 1, length 4, type 1;
	# then the command's name, and a string: length 4, the collection
	my ($operation, $command, $collection) =
	    unpack 'x12 V x10 Z* x4 Z*', $message;

	return $operation == OP_MSG ? ($command, $collection) : ();
}

sub DESTROY {
	my ($self) = @_;

	return if ($self->{owner} // 0) != $$;
	local ($?, $!);
	close $self->{control};
	waitpid $self->{pid}, 0;
}

# --- the process ------------------------------------------------------------

sub serve {
	my ($P) = @_;

	for (;;) {
		for my $fh ($P->{select}->can_read) {
			if ($fh == $P->{listener}) {
				take_in($P);
			} elsif ($fh == $P->{control}) {
				sysread $fh, my $line, 1024 or return;
				syswrite $fh, $P->obey(split ' ', $line) . "\n"
				    or return;
			} elsif ($P->{peer}{$fh}) {
				move($P, $fh);
			}
		}
	}
}

sub take_in {
	my ($P) = @_;
	my $in = $P->{listener}->accept or return;
	my $out = IO::Socket::INET->new(PeerAddr => $P->{to}) or return;

	setsockopt $_, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1
	    for $in, $out;
	@{$P->{peer}}{$in, $out} = ($out, $in);
	$P->{ask}{$in} = 1;
	$P->{buffer}{$_} = '' for $in, $out;
	$P->{select}->add($in, $out);
}

sub move {
	my ($P, $fh) = @_;
	my $got = sysread $fh, $P->{buffer}{$fh}, 1 << 17,
	    length $P->{buffer}{$fh};

	return flow($P, $fh) if $got;
	# Who is gone is no longer answered, but what it said and is held goes
	# out later, as from a network that is slow.
	$P->{select}->remove($fh);
	return if $P->{hold}{$fh};
	drop($P, $fh, $P->{peer}{$fh});
}

sub drop {
	my ($P, @fhs) = @_;

	for my $fh (@fhs) {
		$P->{select}->remove($fh);
		delete $P->{$_}{$fh} for qw(peer ask buffer hold);
		close $fh;
	}
}

# Pass on the whole messages that came on ${fh}, up to one that is held.
sub flow {
	my ($P, $fh) = @_;
	my $buffer = \$P->{buffer}{$fh};

	while (!$P->{hold}{$fh} && length($$buffer // '') >= 4 &&
	    length $$buffer >= unpack 'V', $$buffer) {
		my $length = unpack 'V', $$buffer;
		next if $P->hold_back($fh, substr $$buffer, 0, $length);
		pass($P->{peer}{$fh}, substr $$buffer, 0, $length, '');
	}
}

sub pass {
	my ($to, $bytes) = @_;
	my $done = 0;

	while ($done < length $bytes) {
		$done += syswrite($to, $bytes, length($bytes) - $done, $done)
		    // return;
	}
}

1;
