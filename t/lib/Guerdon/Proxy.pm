# SPDX-License-Identifier: BSD-2-Clause
package Guerdon::Proxy;

# A process between a stack and its database that passes all on, but for one
# message that it is told to hold until it is told to let it go.
#
#	my $proxy = Guerdon::Proxy->new($uri);	connect to $proxy->{uri}
#	$proxy->hold(NAME => 'ask', 'insert', 'claims', $text);
#	my $port = $proxy->held('NAME');	undef: not yet
#	$proxy->release('NAME');
#
# What is held is the first message with that command and collection and with
# those bytes anywhere in it: the command itself ("ask"), or the answer to it
# ("answer"), and all that follows on that connection.  The port tells whose
# connection it is.

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
	my $self = bless {owner => $$, held => {}, uri =>
	    sprintf('mongodb://127.0.0.1:%d/', $listener->sockport)}, $class;

	socketpair($self->{control}, my $theirs, AF_UNIX, SOCK_STREAM,
	    PF_UNSPEC) or die "socketpair: $!\n";
	$self->{pid} = fork // die "fork: $!\n";
	if ($self->{pid} == 0) {
		close $self->{control};
		$SIG{PIPE} = 'IGNORE';
		eval { serve({listener => $listener, control => $theirs,
		    to => "$host:$port", rules => [], peer => {}, ask => {},
		    buffer => {}, held => {},
		    select => IO::Select->new($listener, $theirs)}) };
		print STDERR "# the proxy: $@" if $@;
		POSIX::_exit(0);
	}
	close $theirs;
	return $self;
}

# --- what the test says; a line each way ------------------------------------

sub ask {
	my ($self, @words) = @_;

	syswrite $self->{control}, join(' ', @words) . "\n" or
	    die "the proxy is gone\n";
	my $line = readline $self->{control} // die "the proxy is gone\n";
	chomp $line;
	return $line;
}

sub hold { my ($self, @rule) = @_; $self->ask('hold', @rule) }

sub held {
	my ($self, $name) = @_;
	my $port = $self->ask('held', $name);

	return $port ne '' ? $port : undef;
}

sub release { $_[0]->ask('release', $_[1]) }

# The one of these processes that has a connection from that port.
sub owner {
	my ($port, @pids) = @_;
	my $hex = sprintf '%04X', $port;

	open my $fh, '<', '/proc/net/tcp' or die "/proc/net/tcp: $!";
	my ($inode) = map { /^\s*\d+: [0-9A-F]{8}:$hex (?:\S+ +){7}(\d+) / }
	    <$fh>;
	return undef if !$inode;
	for my $pid (@pids) {
		return $pid if grep { (readlink // '') eq "socket:[$inode]" }
		    glob "/proc/$pid/fd/*";
	}
	return undef;
}

# --- the process ------------------------------------------------------------

sub serve {
	my ($P) = @_;

	for (;;) {
		for my $fh ($P->{select}->can_read) {
			if ($fh == $P->{listener}) {
				take_in($P);
			} elsif ($fh == $P->{control}) {
				obey($P) or return;
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

sub obey {
	my ($P) = @_;

	sysread $P->{control}, my $line, 1024 or return 0;
	my ($verb, $name, @rest) = split ' ', $line;
	my $answer = '';
	if ($verb eq 'hold') {
		push @{$P->{rules}}, [$name, @rest];
	} elsif ($verb eq 'held') {
		$answer = $P->{held}{$name}{port} // '';
	} else {
		my $held = delete $P->{held}{$name};
		delete $P->{hold}{$held->{from}};
		forward($P, $held->{from});
	}
	return syswrite $P->{control}, "$answer\n";
}

# Whole messages are looked at; what is held stays in the buffer.
sub move {
	my ($P, $fh) = @_;
	my $got = sysread $fh, $P->{buffer}{$fh}, 1 << 17,
	    length $P->{buffer}{$fh};

	return forward($P, $fh) if $got;
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

sub forward {
	my ($P, $fh) = @_;
	my $buffer = \$P->{buffer}{$fh};

	while (!$P->{hold}{$fh} && length $$buffer >= 4 &&
	    length $$buffer >= unpack 'V', $$buffer) {
		next if $P->{ask}{$fh} && meets_rule($P, $fh, $$buffer);
		my $message = substr $$buffer, 0, unpack('V', $$buffer), '';
		pass($P->{peer}{$fh}, $message);
	}
}

# Is the first message one to hold, or its answer?  A rule counts once.
sub meets_rule {
	my ($P, $fh, $bytes) = @_;
	my $message = substr $bytes, 0, unpack 'V', $bytes;
	# header 16 with the operation, flags 4, kind 1, length 4, type 1;
	# then the command's name, and a string: length 4, the collection
	my ($operation, $command, $collection) =
	    unpack 'x12 V x10 Z* x4 Z*', $message;

	return 0 if $operation != OP_MSG;
	for my $i (0 .. $#{$P->{rules}}) {
		my ($name, $which, $verb, $noun, $text) = @{$P->{rules}[$i]};
		next if $command ne $verb || $collection ne $noun ||
		    index($message, $text) < 0;
		my $from = $which eq 'ask' ? $fh : $P->{peer}{$fh};
		splice @{$P->{rules}}, $i, 1;
		$P->{held}{$name} = {from => $from, port => $fh->peerport};
		$P->{hold}{$from} = 1;
		return $which eq 'ask';
	}
	return 0;
}

sub pass {
	my ($to, $bytes) = @_;
	my $done = 0;

	while ($done < length $bytes) {
		$done += syswrite($to, $bytes, length($bytes) - $done, $done)
		    // return;
	}
}

sub DESTROY {
	my ($self) = @_;

	return if $self->{owner} != $$;
	local ($?, $!);
	close $self->{control};
	waitpid $self->{pid}, 0;
}

1;
