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
use parent 'Guerdon::Relay';

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
	# Connections to other servers may come from the same port.
	my %links = map { /^\s*\d+: [0-9A-F]{8}:$hex (?:\S+ +){7}(\d+) / ?
	    ("socket:[$1]" => 1) : () } <$fh>;
	for my $pid (@pids) {
		return $pid if grep { $links{readlink // ''} }
		    glob "/proc/$pid/fd/*";
	}
	return undef;
}

# --- the process ------------------------------------------------------------

sub obey {
	my ($P, $verb, $name, @rest) = @_;

	if ($verb eq 'hold') {
		push @{$P->{rules}}, [$name, @rest];
		return '';
	}
	return $P->{held}{$name}{port} // '' if $verb eq 'held';
	my $held = delete $P->{held}{$name};
	delete $P->{hold}{$held->{from}};
	Guerdon::Relay::flow($P, $held->{from});
	return '';
}

# Is this message one to hold, or its answer?  A rule counts once.
sub hold_back {
	my ($P, $fh, $message) = @_;

	return 0 if !$P->{ask}{$fh};
	my ($command, $collection) = Guerdon::Relay::command($message) or
	    return 0;
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

1;
